package user

import (
	"time"

	"github.com/amends/amends/fault"
)

// Legacy is the origin of accounts that were imported from another program. No fact is told
// of their import, and no mail is sent.
const Legacy = "legacy"

// Imported is an account of another program, with the hash of its password there: the
// hexadecimal SHA-256 of salt and password.
type Imported struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Locale    string    `json:"locale"`
	Salt      string    `json:"salt"`
	Digest    string    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
}

// Validate refuses with INVALID an account without an id or a hash, and as
// [Registration.Validate] does.
func (i Imported) Validate() error {
	const digest = 64 // characters
	switch {
	case i.ID == "" || len(i.ID) > 255:
		return invalid("an imported account has an id of at most 255 characters")
	case len(i.Digest) != digest || len(i.Salt) > 255:
		return invalid("account %s: its password is no SHA-256 with a salt", i.ID)
	}
	if err := (Registration{Email: i.Email, Name: i.Name, Locale: i.Locale}).Validate(); err != nil {
		return fault.Errorf(fault.Business, fault.Invalid, "account %s: %w", i.ID, err)
	}
	return nil
}
