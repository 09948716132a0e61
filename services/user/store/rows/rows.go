// Package rows has the rows that the parts of the user service's store share, and the
// changes of them that several parts make: each in a transaction of its caller, with the
// record and the facts of the change.
//
// Locks are taken in one order, so that no two transactions wait for each other: the mail,
// the account, the count of failed attempts, the sessions and keys, then the head of the
// list of revocations, as late as possible.
package rows

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/signing"
)

// Base is what the parts of a store share.
type Base struct {
	DB      *gorm.DB
	Derived *secret.Derived
	Hasher  *password.Hasher
	Signing *signing.Ring
	Clock   func() time.Time
}

// Now returns the present as both databases store it.
func (s *Base) Now() time.Time { return s.Clock().UTC().Truncate(time.Microsecond) }

// NewID returns an id that no row has. Later ones are greater.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}
