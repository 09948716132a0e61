// Package own has the part of the user service for the owner of an account.
package own

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
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

// Erase implements [user.Service].
func (s *Own) Erase(ctx context.Context, account, id, password string) error {
	p, err := s.prove(ctx, account, id, password)
	if err != nil {
		return err
	}
	return s.erase(ctx, account, "", "", func(tx *gorm.DB) (rows.Account, error) {
		row, _, err := s.lockProved(tx, p)
		return row, err
	})
}

// EraseAccount implements [user.Service].
func (s *Own) EraseAccount(ctx context.Context, d user.Decision) error {
	if err := d.Validate(); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	if _, err := rows.Take(s.DB.WithContext(ctx), "id = ?", d.Account); err != nil {
		return database.Fault(err)
	}
	return s.erase(ctx, d.Account, d.By, d.Reason, func(tx *gorm.DB) (rows.Account, error) {
		return rows.Take(rows.Locking(tx), "id = ?", d.Account)
	})
}

// erase removes an account that lock returns, and has the order service erase its orders
// before: an account whose orders could not be erased stays, so that its erasure can be
// repeated.
func (s *Own) erase(ctx context.Context, account, by, note string, lock func(tx *gorm.DB) (rows.Account, error)) error {
	if err := s.refuseOpenOrders(ctx, account); err != nil {
		return err
	}
	if err := s.orders.Erase(ctx, account); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		row, err := lock(tx)
		if err != nil {
			return err
		}
		if err := s.EndAll(tx, account, "", user.Erased); err != nil {
			return err
		}
		if err := s.SuspendKeys(tx, account); err != nil {
			return err
		}
		if err := failed.Clear(tx, s.Derived.Login(row.Login)); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		for _, remove := range []string{
			"DELETE FROM api_keys WHERE account = ?", "DELETE FROM deliveries WHERE account = ?",
			"DELETE FROM sessions WHERE account = ?", "DELETE FROM mails WHERE account = ?", "DELETE FROM accounts WHERE id = ?",
		} {
			if err := tx.Exec(remove, account).Error; err != nil {
				return fmt.Errorf("erase the account: %w", err)
			}
		}
		if err := s.Record(tx, account, user.Erased, by, "", note); err != nil {
			return err
		}
		return outbox.Tell(tx, user.ErasedFact.New(account, "", user.ErasedData{Account: account})) //nolint:wrapcheck // a fault, or the database's error
	})
}

// refuseOpenOrders refuses with ORDERS_OPEN while the account has an undecided order.
func (s *Own) refuseOpenOrders(ctx context.Context, account string) error {
	if s.orders == nil {
		return fault.Errorf(fault.Transient, fault.Unavailable, "it is not configured where the order service answers calls")
	}
	undecided, err := s.orders.Undecided(ctx, account)
	if err != nil {
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the order service cannot say whether an order is undecided")
	}
	if undecided {
		return fault.Errorf(fault.Business, user.OrdersOpen, "the account has an order that is not decided; try again when it is")
	}
	return nil
}
