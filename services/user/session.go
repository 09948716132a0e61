package user

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Tokens are those of a session. They are secrets: no log, fact or record has them.
type Tokens struct {
	Account, Session string
	// Access is the access token, valid until AccessExpires.
	Access        string
	AccessExpires time.Time
	// Refresh is the refresh token, which Refresh exchanges once. The session ends at
	// Expires unless it is refreshed before.
	Refresh string
	Expires time.Time
}

// Session is one log-in.
type Session struct {
	ID string `json:"id"`
	// Device names the client, as it named itself.
	Device    string    `json:"device"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"` // of the last refresh
	ExpiresAt time.Time `json:"expires_at"`
}

// Login is an attempt to open a session. Device names the client, at most 200 characters.
type Login struct{ Email, Password, Device string }

// PasswordChange is that of an account that has a session.
type PasswordChange struct{ Account, Session, Old, New string }

// EmailChange is that of an account; Password proves that its owner asks for it.
type EmailChange struct{ Account, Session, Password, Email string }

// Confirmation is the effect of a mail's token.
type Confirmation struct {
	Account string
	// Template is that of the mail.
	Template Template
}

// Delivery is an address in an account's list, to which orders may go.
type Delivery struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code,omitempty"`
	Region     string `json:"region,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// maxDeliveryText is the longest text of an address, in characters.
const maxDeliveryText = 200

// Validate refuses with INVALID an address with a malformed text, or without a name, a
// street, a city or a country. An order has stricter rules, by its country.
func (d Delivery) Validate() error {
	for _, f := range []struct {
		name, text string
		optional   bool
	}{
		{"name", d.Name, false},
		{"line1", d.Line1, false},
		{"line2", d.Line2, true},
		{"city", d.City, false},
		{"postal_code", d.PostalCode, true},
		{"region", d.Region, true},
	} {
		switch {
		case f.text == "" && f.optional:
		case text.Line(f.text) != nil:
			return invalid("%s %w", f.name, text.Line(f.text))
		case utf8.RuneCountInString(f.text) > maxDeliveryText:
			return invalid("%s must have at most %d characters", f.name, maxDeliveryText)
		}
	}
	if len(d.Country) != 2 || d.Country[0] < 'A' || d.Country[0] > 'Z' || d.Country[1] < 'A' || d.Country[1] > 'Z' {
		return invalid("country must be an ISO 3166-1 alpha-2 code")
	}
	return nil
}

// NewKey asks for an API key.
type NewKey struct {
	Account string
	// Name tells keys apart, for people.
	Name string
	// Scopes are some of those of the account's role.
	Scopes []string
	// Expires is when the key ends; zero: never.
	Expires time.Time
	By      string // the person or program that asks
}

// Validate refuses with INVALID a malformed name, no scope, or one that role does not have.
func (k NewKey) Validate(role Role, now time.Time) error {
	switch {
	case text.Line(k.Name) != nil:
		return invalid("the name %w", text.Line(k.Name))
	case utf8.RuneCountInString(k.Name) > maxName:
		return invalid("the name must have at most %d characters", maxName)
	case len(k.Scopes) == 0:
		return invalid("a key has at least one scope")
	case !k.Expires.IsZero() && !k.Expires.After(now):
		return invalid("the key must expire in the future")
	}
	return validScopes(k.Scopes, role)
}

// APIKey is a key without its secret.
type APIKey struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Scopes    []string  `json:"scopes"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never
	UsedAt    time.Time `json:"used_at,omitzero"`    // within a minute; zero: never
}

// Spent returns the refusal of a token of a mail.
func Spent() error {
	return fault.Errorf(fault.Business, TokenSpent, "the link was used, is too old, or was never sent; ask for another one")
}

// Over returns the refusal of a refresh token.
func Over() error {
	return fault.Errorf(fault.Business, SessionEnded, "the session has ended; log in again")
}

// laterText is the message of TRY_LATER, in which [WaitOf] finds the seconds again: faults
// travel between processes as a code and a message.
const laterText = "too many attempts failed; try again in %d s, or reset the password"

// Later returns the refusal of an attempt that may be made after a wait.
func Later(wait time.Duration) error {
	return fault.Errorf(fault.Business, TryLater, laterText, int64((wait+time.Second-1)/time.Second))
}

// WaitOf returns the wait of a refusal by [Later], and whether err is one.
func WaitOf(err error) (wait time.Duration, ok bool) {
	if err == nil || fault.CodeOf(err) != TryLater {
		return 0, false
	}
	var seconds int64
	_, failed := fmt.Sscanf(fault.Of(err).Message, laterText, &seconds)
	return time.Duration(seconds) * time.Second, failed == nil
}

// NoMatch returns the refusal of a password, or of an address: it does not say which.
func NoMatch() error {
	return fault.Errorf(fault.Business, BadCredentials, "the address and the password do not belong together")
}
