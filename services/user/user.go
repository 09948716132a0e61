package user

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Codes of this service. Package password has OVERLOADED and WEAK_PASSWORD.
const (
	// BadCredentials: address and password are not those of an account that may log in.
	BadCredentials fault.Code = "BAD_CREDENTIALS"
	// TryLater: too many attempts for the address failed. The message has the seconds.
	TryLater fault.Code = "TRY_LATER"
	// SessionEnded: the session of a refresh token has ended, or there is none.
	SessionEnded fault.Code = "SESSION_ENDED"
	// TokenSpent: the token of a mail was used, is too old, or is none.
	TokenSpent fault.Code = "TOKEN_SPENT"
	// AddressTaken: another account has the address of mail.
	AddressTaken fault.Code = "ADDRESS_TAKEN"
	// AccountErased: the account of an import was erased here, and does not come back.
	AccountErased fault.Code = "ACCOUNT_ERASED"
	// OrdersOpen: the account has an order that is not decided.
	OrdersOpen fault.Code = "ORDERS_OPEN"
	// TooMany: an account has as many addresses or API keys as it may have.
	TooMany fault.Code = "TOO_MANY"
)

// Times of this service.
const (
	Grace           = 10 * time.Second    // in which a refresh token may be used again
	SessionIdle     = 30 * 24 * time.Hour // without a refresh, a session ends
	SessionMost     = 90 * 24 * time.Hour // with refreshes, too
	RegistrationAge = 24 * time.Hour      // of a mail with which an address is confirmed
	ResetAge        = time.Hour           // of a mail with which a password is reset
	ChangeAge       = 3 * 24 * time.Hour  // of a mail that tells an owner of a change
	MailPause       = time.Minute         // between two mails of a kind to one address, see [Pause]
	MostWait        = 15 * time.Minute    // after failed attempts
)

// Bounds of one account.
const (
	MaxSessions  = 50 // the least used one ends behind it
	MaxAddresses = 20
	MaxKeys      = 20
	// FreeAttempts fail without a wait.
	FreeAttempts = 5
)

// Wait returns how long an address waits after so many failed attempts in a row: 1 s after
// [FreeAttempts], then twice as long each time, at most [MostWait].
func Wait(failures int64) time.Duration {
	if failures < FreeAttempts {
		return 0
	}
	return min(MostWait, time.Second<<min(failures-FreeAttempts, 20))
}

// Pause returns how long an address gets no other mail of a kind after so many in a day of
// which it has used none: [MailPause], then twice as long each time, at most [ResetAge], so
// that a reader always has a token that is good.
func Pause(mails int) time.Duration {
	return min(ResetAge, MailPause<<min(mails-1, 20))
}

// Role is what an account may do.
type Role string

// The roles. Each may do what the one before it may.
const (
	Customer Role = "customer"
	Support  Role = "support"
	Operator Role = "operator"
)

// Scopes of tokens and keys.
const (
	ReadOrders   = "orders:read"
	WriteOrders  = "orders:write"
	OwnAccount   = "account"
	ActAsSupport = "support"
	Operate      = "operator"
)

// ParseRole returns the role of a name, or INVALID.
func ParseRole(name string) (Role, error) {
	switch r := Role(name); r {
	case Customer, Support, Operator:
		return r, nil
	default:
		return "", invalid("the role %.40q is not one of customer, support, operator", name)
	}
}

// Scopes returns the scopes of the role, in a fixed order.
func (r Role) Scopes() []string {
	all := []string{ReadOrders, WriteOrders, OwnAccount, ActAsSupport, Operate}
	switch r {
	case Customer:
		return all[:3]
	case Support:
		return all[:4]
	case Operator:
		return all
	default:
		return nil
	}
}

// Account is a person or a machine that may log in.
type Account struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Name   string `json:"name"`
	Locale string `json:"locale"` // a language tag such as "en" or "de-AT"
	Role   Role   `json:"role"`
	// Locked says why an operator has locked the account; empty: it is not.
	Locked      string       `json:"locked,omitempty"`
	Preferences []Preference `json:"preferences,omitempty"`
	// Version grows with every change of the account.
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Category is a kind of messages that an account may choose; those about its orders and
// its security always come by mail.
type Category string

// Channel is a way of a message.
type Channel string

// The categories and channels.
const (
	AboutOrders Category = "orders"
	Offers      Category = "offers"
	Email       Channel  = "email"
	SMS         Channel  = "sms"
	Push        Channel  = "push"
)

// Preference says whether messages of a category come by a channel.
type Preference struct {
	Category Category `json:"category"`
	Channel  Channel  `json:"channel"`
	Wanted   bool     `json:"wanted"`
}

// Registration asks for an account. Its password is for [Staff.Create].
type Registration struct{ Email, Password, Name, Locale string }

// Validate refuses with INVALID a malformed address, name or locale. The password is for
// package password.
func (r Registration) Validate() error {
	if _, err := Address(r.Email); err != nil {
		return err
	}
	return validProfile(r.Name, r.Locale)
}

// Change is a new profile; nil leaves a field as it is.
type Change struct {
	Name, Locale *string
	Preferences  *[]Preference
}

// Validate refuses with INVALID as [Registration.Validate] does, and preferences that are
// unknown or stated twice.
func (c Change) Validate() error {
	name, locale := "x", "en"
	if c.Name != nil {
		name = *c.Name
	}
	if c.Locale != nil {
		locale = *c.Locale
	}
	if err := validProfile(name, locale); err != nil || c.Preferences == nil {
		return err
	}
	for i, p := range *c.Preferences {
		same := func(other Preference) bool { return other.Category == p.Category && other.Channel == p.Channel }
		switch {
		case !slices.Contains([]Category{AboutOrders, Offers}, p.Category):
			return invalid("preference %d: the category is not orders or offers", i+1)
		case !slices.Contains([]Channel{Email, SMS, Push}, p.Channel):
			return invalid("preference %d: the channel is not email, sms or push", i+1)
		case slices.ContainsFunc((*c.Preferences)[:i], same):
			return invalid("preference %d: category and channel are stated twice", i+1)
		case !p.Wanted && p.Category == AboutOrders && p.Channel == Email:
			return invalid("preference %d: mails about orders cannot be turned off", i+1)
		}
	}
	return nil
}

// maxName is the length of the longest name, in characters.
const maxName = 200

func validProfile(name, locale string) error {
	switch {
	case text.Line(name) != nil:
		return invalid("the name %w", text.Line(name))
	case utf8.RuneCountInString(name) > maxName:
		return invalid("the name must have at most %d characters", maxName)
	case text.Locale(locale) != nil:
		return invalid("the locale %w", text.ErrLocale)
	}
	return nil
}

// Address returns the form of an address of mail by which accounts are told apart: in
// lower case. It refuses with INVALID a text that is no address.
func Address(s string) (string, error) {
	if err := text.Mail(s); err != nil {
		return "", invalid("the address of mail %w", err)
	}
	return strings.ToLower(s), nil
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
