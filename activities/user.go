package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
)

// UserWords explains the codes of the user service, which has no steps.
var UserWords = Words{Codes: map[fault.Code]string{
	user.BadCredentials: "address and password are not those of an account",
	user.TryLater:       "too many log-ins for the address have failed",
	user.SessionEnded:   "the session has ended",
	user.TokenSpent:     "the link of a mail was used, or is too old",
	user.AddressTaken:   "another account has the address of mail",
	user.AccountErased:  "the account was erased, and an import does not bring it back",
	user.OrdersOpen:     "the account has an order that is not decided",
	user.TooMany:        "the account has as many of them as it may have",
	password.Overloaded: "too many passwords are being checked",
	password.Weak:       "the password is too short, too long, or too common",
}}
