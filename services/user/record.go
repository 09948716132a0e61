package user

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/amends/amends/internal/text"
)

// Template is the kind of a mail.
type Template string

// The templates, and the data of [Mail] that each needs.
const (
	ConfirmRegistration Template = "confirm_registration" // Token
	AlreadyRegistered   Template = "already_registered"   // nothing: its owner logs in, or resets the password
	ConfirmAddress      Template = "confirm_address"      // Token; to the new address
	AddressChanged      Template = "address_changed"      // nothing; to the old address
	ResetPassword       Template = "reset_password"       // Token
)

// Templates are all of them.
var Templates = []Template{ConfirmRegistration, AlreadyRegistered, ConfirmAddress, AddressChanged, ResetPassword}

// Mail is a message that an account's owner must get. It has personal data and a secret:
// facts have its id only.
type Mail struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"` // that of a registration is to be
	Template  Template  `json:"template"`
	To        string    `json:"to"`
	Name      string    `json:"name"`
	Locale    string    `json:"locale"`
	Token     string    `json:"token,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"` // afterwards it is worthless
}

// Event is a kind of [Record].
type Event string

// The kinds of records.
const (
	Registered      Event = "registered"
	LoggedIn        Event = "logged_in"
	LoginFailed     Event = "login_failed"
	LoggedOut       Event = "logged_out"
	TokenReused     Event = "token_reused"
	PasswordChanged Event = "password_changed"
	PasswordReset   Event = "password_reset"
	EmailChanged    Event = "email_changed"
	RoleChanged     Event = "role_changed"
	Locked          Event = "locked"
	Unlocked        Event = "unlocked"
	KeyCreated      Event = "key_created"
	KeyRevoked      Event = "key_revoked"
	Erased          Event = "erased"
	Acted           Event = "acted" // see [Act]
)

// Record is one thing that happened to an account's security. It is never changed, and
// has no personal data.
type Record struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Event Event     `json:"event"`
	// By is the account itself, or the person or program that did it.
	By string `json:"by"`
	// About is the session or the key, or empty.
	About string `json:"about,omitempty"`
	// Note has the reason, or the role.
	Note string `json:"note,omitempty"`
}

// Decision is that of an operator about an account.
type Decision struct {
	Account string
	// By is the person or program that decides, Reason why.
	By, Reason string
}

// Validate refuses with INVALID a decision without an author or a reason.
func (d Decision) Validate() error {
	for name, value := range map[string]string{"author": d.By, "reason": d.Reason} {
		if err := text.Line(value); err != nil {
			return invalid("the %s %w", name, err)
		}
		if utf8.RuneCountInString(value) > maxNote {
			return invalid("the %s must have at most %d characters", name, maxNote)
		}
	}
	return nil
}

// maxNote is the longest text of a record, in characters.
const maxNote = 1000

func validScopes(scopes []string, role Role) error {
	for i, s := range scopes {
		switch {
		case !slices.Contains(role.Scopes(), s):
			return invalid("the scope %.40q is none of the role %s: %v", s, role, role.Scopes())
		case slices.Contains(scopes[:i], s):
			return invalid("the scope %s is stated twice", s)
		}
	}
	return nil
}
