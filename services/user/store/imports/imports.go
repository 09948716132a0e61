// Package imports writes accounts of another program into the user service's database.
package imports

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/rows"
)

// Imports is the part of the store that takes accounts of another program.
type Imports struct{ base *rows.Base }

// New returns the part on b.
func New(b *rows.Base) *Imports { return &Imports{b} }

// Import makes the account with its id unless it exists, with the origin [user.Legacy], and
// reports whether it did. The first log-in with its password replaces the hash. It tells
// nothing, and a repeat changes nothing. It refuses with INVALID as [user.Imported.Validate]
// does, and with ADDRESS_TAKEN if an account with another id has the address.
func (s *Imports) Import(ctx context.Context, i user.Imported) (made bool, err error) {
	if err := i.Validate(); err != nil {
		return false, err //nolint:wrapcheck // a fault
	}
	// Before the hash, which a repeat must not cost.
	switch _, err := rows.Take(s.base.DB.WithContext(ctx), "id = ?", i.ID); {
	case err == nil:
		return false, nil
	case fault.CodeOf(err) != fault.NotFound:
		return false, database.Fault(err)
	}
	hash, err := s.base.Hasher.Wrap(ctx, i.Salt, i.Digest)
	if err != nil {
		return false, err //nolint:wrapcheck // a fault
	}
	err = database.InTx(ctx, s.base.DB, func(tx *gorm.DB) error {
		made, err = s.insert(tx, i, hash)
		return err
	})
	return made, err //nolint:wrapcheck // a fault
}

func (s *Imports) insert(tx *gorm.DB, i user.Imported, hash string) (made bool, err error) {
	at := i.CreatedAt.UTC().Truncate(time.Microsecond)
	row := rows.Account{
		ID: i.ID, Email: i.Email, Login: strings.ToLower(i.Email), Name: i.Name, Locale: i.Locale, Role: string(user.Customer), Password: hash,
		Preferences: "[]", Version: 1, CreatedAt: at, UpdatedAt: at, Origin: user.Legacy,
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if done.Error != nil {
		return false, fmt.Errorf("import an account: %w", done.Error)
	}
	if done.RowsAffected > 0 {
		return true, s.base.Record(tx, i.ID, user.Registered, "import", "", user.Legacy) //nolint:wrapcheck // it names the operation
	}
	if _, err := rows.Take(tx, "id = ?", i.ID); err == nil {
		return false, nil // another import meanwhile
	} else if fault.CodeOf(err) != fault.NotFound {
		return false, err //nolint:wrapcheck // it names the operation
	}
	return false, rows.Taken() //nolint:wrapcheck // a fault
}
