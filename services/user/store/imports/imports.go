// Package imports writes accounts of another program into the user service's database.
package imports

import (
	"context"
	"fmt"
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
// does, with ADDRESS_TAKEN if an account with another id has the address, and with
// [user.AccountErased] if there was an account of the id and it was erased.
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
	if err := erased(s.base.DB.WithContext(ctx), i.ID); err != nil {
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
	login, err := user.Address(i.Email)
	if err != nil {
		return false, err //nolint:wrapcheck // a fault
	}
	at := i.CreatedAt.UTC().Truncate(time.Microsecond)
	row := rows.Account{
		ID: i.ID, Email: i.Email, Login: login, Name: i.Name, Locale: i.Locale, Role: string(user.Customer), Password: hash,
		Preferences: "[]", Version: 1, CreatedAt: at, UpdatedAt: at, Origin: user.Legacy,
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if done.Error != nil {
		return false, fmt.Errorf("import an account: %w", done.Error)
	}
	if done.RowsAffected > 0 {
		// Behind the row, which waits for an erasure under way.
		if err := erased(tx, i.ID); err != nil {
			return false, err
		}
		return true, s.base.Record(tx, i.ID, user.Registered, "import", "", user.Legacy) //nolint:wrapcheck // it names the operation
	}
	if _, err := rows.Take(tx, "id = ?", i.ID); err == nil {
		return false, nil // another import meanwhile
	} else if fault.CodeOf(err) != fault.NotFound {
		return false, err //nolint:wrapcheck // it names the operation
	}
	return false, rows.Taken() //nolint:wrapcheck // a fault
}

// erased refuses the id of an account that was erased: the other program may have it still.
func erased(db *gorm.DB, id string) error {
	var n int64
	if err := db.Model(&rows.Record{}).Where("account = ? AND event = ? AND about = ''", id, string(user.Erased)).Count(&n).Error; err != nil {
		return fmt.Errorf("look for an erasure: %w", err)
	}
	if n > 0 {
		return fault.Errorf(fault.Business, user.AccountErased, "the account was erased here")
	}
	return nil
}
