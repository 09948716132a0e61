package own

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/rows"
)

// Account implements [user.Service].
func (s *Own) Account(ctx context.Context, id string) (user.Account, error) {
	row, err := rows.Take(s.DB.WithContext(ctx), "id = ?", id)
	if err != nil {
		return user.Account{}, database.Fault(err)
	}
	return row.Public()
}

// Change implements [user.Service].
func (s *Own) Change(ctx context.Context, account string, c user.Change) (a user.Account, err error) {
	if err := c.Validate(); err != nil {
		return a, err
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		row, err := rows.Take(rows.Locking(tx), "id = ?", account)
		if err != nil {
			return err
		}
		before := row
		if c.Name != nil {
			row.Name = *c.Name
		}
		if c.Locale != nil {
			row.Locale = *c.Locale
		}
		if c.Preferences != nil {
			text, err := json.Marshal(*c.Preferences)
			if err != nil {
				return fmt.Errorf("keep preferences: %w", err)
			}
			row.Preferences = string(text)
		}
		if row != before {
			err = s.Update(tx, &row)
		}
		if err == nil {
			a, err = row.Public()
		}
		return err
	})
	return a, err
}

// Sessions implements [user.Service].
func (s *Own) Sessions(ctx context.Context, account string) ([]user.Session, error) {
	found, err := rows.OpenSessions(s.DB.WithContext(ctx), account, s.Now())
	if err != nil {
		return nil, database.Fault(err)
	}
	all := make([]user.Session, len(found))
	for i, r := range found {
		all[i] = user.Session{
			ID: r.ID, Device: r.Device, CreatedAt: r.CreatedAt.UTC(), SeenAt: r.RefreshedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		}
	}
	return all, nil
}

// LogOut implements [user.Service].
func (s *Own) LogOut(ctx context.Context, account, id string) error {
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := rows.Take(rows.Locking(tx), "id = ?", account); err != nil {
			return err
		}
		if id == "" {
			return s.EndAll(tx, account, "", user.LoggedOut)
		}
		row, err := rows.SessionBy(rows.Locking(tx), id)
		switch {
		case err != nil:
			return err
		case row.Account != account:
			return fault.Errorf(fault.Business, fault.NotFound, "there is no such session")
		case !row.Open(s.Now()):
			return nil
		}
		return s.End(tx, account, user.LoggedOut, row)
	})
}
