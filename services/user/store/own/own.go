// Package own has the part of the user service for the owner of an account.
package own

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/failed"
	"github.com/amends/amends/services/user/store/rows"
)

// Own implements [user.Own].
type Own struct {
	*rows.Base

	orders user.Orders
}

// New returns the part on b. orders says whether an account may be erased; nil: no answer
// can be had.
func New(b *rows.Base, orders user.Orders) *Own { return &Own{b, orders} }

// proof says that the owner of a session gave the account's password.
type proof struct{ account, session, hash string }

// prove compares the password of an account that has a session. A refusal is counted for
// the session, so that a stolen one is no way to try passwords.
func (s *Own) prove(ctx context.Context, account, id, password string) (proof, error) {
	row, err := rows.Take(s.DB.WithContext(ctx), "id = ?", account)
	if err != nil {
		return proof{}, database.Fault(err)
	}
	// Before the hash, which a call in vain must not cost.
	if open, err := rows.SessionBy(s.DB.WithContext(ctx), id); err != nil {
		return proof{}, database.Fault(err)
	} else if open.Account != account || !open.Open(s.Now()) {
		return proof{}, user.Over()
	}
	same, _, err := s.Hasher.Compare(ctx, row.Password, password)
	if err != nil {
		return proof{}, err
	}
	p := proof{account, id, row.Password}
	if same {
		return p, nil
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		_, session, err := s.lockProved(tx, proof{account, id, ""})
		if err != nil {
			return err
		}
		if session.Failures++; session.Failures >= user.FreeAttempts {
			return s.End(tx, account, user.LoginFailed, session)
		}
		if err := tx.Model(&session).UpdateColumn("failures", session.Failures).Error; err != nil {
			return fmt.Errorf("count a wrong password: %w", err)
		}
		return s.Record(tx, account, user.LoginFailed, "", id, "")
	})
	if err != nil {
		return proof{}, err
	}
	return proof{}, user.NoMatch()
}

// lockProved locks the account and the session of a proof, if they are as they were.
func (s *Own) lockProved(tx *gorm.DB, p proof) (row rows.Account, open rows.Session, err error) {
	if row, err = rows.Take(rows.Locking(tx), "id = ?", p.account); err != nil {
		return row, open, err
	}
	if open, err = rows.SessionBy(rows.Locking(tx), p.session); err != nil {
		return row, open, err
	}
	switch {
	case open.Account != p.account || !open.Open(s.Now()):
		return row, open, user.Over()
	case p.hash != "" && p.hash != row.Password:
		return row, open, user.NoMatch() // changed meanwhile
	}
	return row, open, nil
}

// ChangePassword implements [user.Service].
func (s *Own) ChangePassword(ctx context.Context, c user.PasswordChange) error {
	p, err := s.prove(ctx, c.Account, c.Session, c.Old)
	if err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(ctx, c.New)
	if err != nil {
		return err
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		row, open, err := s.lockProved(tx, p)
		if err != nil {
			return err
		}
		if err := failed.Clear(tx, s.Derived.Login(row.Login)); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		if err := tx.Model(&open).UpdateColumn("failures", 0).Error; err != nil {
			return fmt.Errorf("forget wrong passwords: %w", err)
		}
		if err := s.SetPassword(tx, row, hash, user.PasswordChanged); err != nil {
			return err
		}
		return s.EndAll(tx, c.Account, c.Session, user.PasswordChanged)
	})
}

// ChangeEmail implements [user.Service].
func (s *Own) ChangeEmail(ctx context.Context, c user.EmailChange) error {
	login, err := user.Address(c.Email)
	if err != nil {
		return err
	}
	p, err := s.prove(ctx, c.Account, c.Session, c.Password)
	if err != nil {
		return err
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		row, _, err := s.lockProved(tx, p)
		if err != nil {
			return err
		}
		owner, err := rows.Look(tx, "login = ? AND id <> ?", login, row.ID)
		if err != nil {
			return err
		}
		m := rows.Mail{
			Account: row.ID, Template: string(user.ConfirmAddress), Email: c.Email, Login: login, Name: row.Name, Locale: row.Locale,
		}
		if owner.ID != "" {
			m = rows.Already(owner)
		}
		return s.Send(tx, m, user.RegistrationAge)
	})
}
