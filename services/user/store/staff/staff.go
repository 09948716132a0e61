// Package staff has the part of the user service for support and operators, and its mails.
package staff

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/rows"
)

// Staff implements [user.Staff], [user.Journal], and the mails of [user.Service].
type Staff struct{ *rows.Base }

// New returns the part on b.
func New(b *rows.Base) *Staff { return &Staff{b} }

// Create implements [user.Service].
func (s *Staff) Create(ctx context.Context, r user.Registration, role user.Role, by string) (a user.Account, err error) {
	if err := r.Validate(); err != nil {
		return a, err
	}
	if _, err := user.ParseRole(string(role)); err != nil {
		return a, err
	}
	if err := (user.Decision{By: by, Reason: "new"}).Validate(); err != nil {
		return a, err
	}
	hash := ""
	if r.Password != "" {
		if hash, err = s.Hasher.Hash(ctx, r.Password); err != nil {
			return a, err
		}
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		id, err := rows.NewID()
		if err != nil {
			return err
		}
		row, err := s.Insert(tx, id, hash, by, r, role)
		if err != nil {
			return err
		}
		if row.ID == "" {
			return rows.Taken()
		}
		a, err = row.Public()
		return err
	})
	return a, err
}

// Find implements [user.Service].
func (s *Staff) Find(ctx context.Context, email string) (user.Account, error) {
	login, err := user.Address(email)
	if err != nil {
		return user.Account{}, err
	}
	row, err := rows.Take(s.DB.WithContext(ctx), "login = ?", login)
	if err != nil {
		return user.Account{}, database.Fault(err)
	}
	return row.Public()
}

// SetRole implements [user.Service].
func (s *Staff) SetRole(ctx context.Context, d user.Decision, role user.Role) (user.Account, error) {
	if _, err := user.ParseRole(string(role)); err != nil {
		return user.Account{}, err
	}
	return s.decided(ctx, d, user.RoleChanged, string(role)+": "+d.Reason, func(row *rows.Account) bool {
		changed := row.Role != string(role)
		row.Role = string(role)
		return changed
	})
}

// Lock implements [user.Service].
func (s *Staff) Lock(ctx context.Context, d user.Decision) (user.Account, error) {
	return s.decided(ctx, d, user.Locked, d.Reason, func(row *rows.Account) bool {
		if row.Locked != "" {
			return false
		}
		row.Locked = d.Reason
		return true
	})
}

// Unlock implements [user.Service].
func (s *Staff) Unlock(ctx context.Context, d user.Decision) (user.Account, error) {
	return s.decided(ctx, d, user.Unlocked, d.Reason, func(row *rows.Account) bool {
		changed := row.Locked != ""
		row.Locked = ""
		return changed
	})
}

// decided carries out an operator's decision: change reports whether it changes anything.
// Whatever the account has proved by its old state, it must prove again.
func (s *Staff) decided(ctx context.Context, d user.Decision, event user.Event, note string, change func(*rows.Account) bool) (a user.Account, err error) {
	if err := d.Validate(); err != nil {
		return a, err
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		row, err := rows.Take(rows.Locking(tx), "id = ?", d.Account)
		if err != nil {
			return err
		}
		if !change(&row) {
			a, err = row.Public()
			return err
		}
		if err := s.Update(tx, &row); err != nil {
			return err
		}
		if err := s.Record(tx, row.ID, event, d.By, "", note); err != nil {
			return err
		}
		if err := s.EndAll(tx, row.ID, "", event); err != nil {
			return err
		}
		if err := s.SuspendKeys(tx, row.ID); err != nil {
			return err
		}
		if err := s.Void(tx, row.ID); err != nil {
			return err
		}
		a, err = row.Public()
		return err
	})
	return a, err
}
