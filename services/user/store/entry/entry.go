// Package entry has the part of the user service for callers who have no session yet.
package entry

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/store/failed"
	"github.com/amends/amends/services/user/store/rows"
)

// Entry implements [user.Entry].
type Entry struct {
	*rows.Base

	broom broom
}

// New returns the part on b.
func New(b *rows.Base) *Entry { return &Entry{Base: b} }

// Register implements [user.Service]. An address with an account costs the same statements
// and the same time.
func (s *Entry) Register(ctx context.Context, r user.Registration) error {
	if err := r.Validate(); err != nil {
		return err
	}
	login, err := user.Address(r.Email)
	if err != nil {
		return err
	}
	return s.alike(ctx, func(tx *gorm.DB) error {
		owner, err := rows.Look(tx, "login = ?", login)
		if err != nil {
			return err
		}
		m := rows.Mail{
			Template: string(user.ConfirmRegistration), Email: r.Email, Login: login, Name: r.Name, Locale: r.Locale,
		}
		if m.Account, err = rows.NewID(); err != nil {
			return err
		}
		if owner.ID != "" {
			m = rows.Already(owner)
		}
		return s.Send(tx, m, user.RegistrationAge)
	})
}

// Confirm implements [user.Service].
func (s *Entry) Confirm(ctx context.Context, mailToken, chosen string) (c user.Confirmation, err error) {
	hash, err := s.hash(ctx, mailToken, chosen)
	if err != nil {
		return user.Confirmation{}, err
	}
	err = database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		m, err := s.Spend(tx, mailToken)
		if err != nil {
			return err
		}
		c = user.Confirmation{Account: m.Account, Template: user.Template(m.Template)}
		switch c.Template {
		case user.ConfirmRegistration:
			return s.confirmRegistration(tx, m, hash)
		case user.ConfirmAddress:
			return s.confirmAddress(tx, m)
		case user.AlreadyRegistered, user.AddressChanged, user.ResetPassword, rows.None:
			return user.Spent()
		}
		return user.Spent()
	})
	if err != nil {
		return user.Confirmation{}, err
	}
	return c, nil
}

// hash returns the hash of the password that the reader of a mail has chosen, "" for a mail
// that needs none. A guess of the token costs no hash.
func (s *Entry) hash(ctx context.Context, mailToken, chosen string) (string, error) {
	m, err := s.MailOf(s.DB.WithContext(ctx), mailToken)
	if err != nil {
		return "", database.Fault(err)
	}
	switch registration := m.Template == string(user.ConfirmRegistration); {
	case m.Template == string(user.ConfirmAddress) && chosen != "":
		return "", fault.Errorf(fault.Business, fault.Invalid, "a new address is confirmed without a password")
	case !registration:
		return "", nil
	case chosen == "":
		return "", fault.Errorf(fault.Business, password.Weak, "a registration is confirmed with the password of the new account")
	}
	return s.Hasher.Hash(ctx, chosen)
}

func (s *Entry) confirmRegistration(tx *gorm.DB, m rows.Mail, hash string) error {
	row, err := s.Insert(tx, m.Account, hash, "", user.Registration{Email: m.Email, Name: m.Name, Locale: m.Locale}, user.Customer)
	if err == nil && row.ID == "" {
		return rows.Taken()
	}
	return err
}

func (s *Entry) confirmAddress(tx *gorm.DB, m rows.Mail) error {
	row, err := rows.Take(rows.Locking(tx), "id = ?", m.Account)
	if fault.CodeOf(err) == fault.NotFound {
		return user.Spent() // erased meanwhile
	}
	if err != nil {
		return err
	}
	other, err := rows.Look(tx, "login = ? AND id <> ?", m.Login, m.Account)
	if err != nil {
		return err
	}
	if other.ID != "" {
		return rows.Taken()
	}
	old := row
	row.Email, row.Login = m.Email, m.Login
	if err := s.Update(tx, &row); err != nil {
		return err
	}
	if err := s.Void(tx, row.ID); err != nil { // the old address may be another's by now
		return err
	}
	if err := s.Record(tx, row.ID, user.EmailChanged, "", "", ""); err != nil {
		return err
	}
	return s.Send(tx, rows.Mail{
		Account: row.ID, Template: string(user.AddressChanged), Email: old.Email, Login: old.Login, Name: old.Name, Locale: old.Locale,
	}, user.ChangeAge)
}

// answerTime is how long each answer takes that must not tell whether an address has an
// account: there is no hash that would hide a few microseconds.
const answerTime = 50 * time.Millisecond

// alike runs f in a transaction and answers after [answerTime].
func (s *Entry) alike(ctx context.Context, f func(tx *gorm.DB) error) error {
	answer := time.NewTimer(answerTime)
	defer answer.Stop()
	err := s.broom.sweep(ctx, s.DB, s.Now())
	if err == nil {
		err = database.InTx(ctx, s.DB, f)
	}
	select {
	case <-answer.C:
	case <-ctx.Done():
	}
	return err
}

// AskReset implements [user.Service]. An address without an account costs the same
// statements but for the fact, and the same time.
func (s *Entry) AskReset(ctx context.Context, email string) error {
	login, err := user.Address(email)
	if err != nil {
		return err
	}
	return s.alike(ctx, func(tx *gorm.DB) error {
		owner, err := rows.Look(tx, "login = ?", login)
		if err != nil {
			return err
		}
		m := rows.Mail{
			Account: owner.ID, Template: string(user.ResetPassword), Email: owner.Email, Login: login, Name: owner.Name, Locale: owner.Locale,
		}
		if owner.ID == "" {
			m.Template = string(rows.None)
		}
		return s.Send(tx, m, user.ResetAge)
	})
}

// Reset implements [user.Service].
func (s *Entry) Reset(ctx context.Context, mailToken, chosen string) error {
	// Before the hash, which a guess must not cost.
	m, err := s.MailOf(s.DB.WithContext(ctx), mailToken)
	if err != nil {
		return database.Fault(err)
	}
	if m.Template != string(user.ResetPassword) {
		return user.Spent()
	}
	hash, err := s.Hasher.Hash(ctx, chosen)
	if err != nil {
		return err
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		m, err := s.Spend(tx, mailToken)
		if err != nil {
			return err
		}
		row, err := rows.Look(rows.Locking(tx), "id = ?", m.Account)
		if err != nil {
			return err
		}
		if row.ID == "" || row.Login != m.Login {
			return user.Spent() // erased, or at another address, since the mail was asked for
		}
		if err := failed.Clear(tx, s.Derived.Login(row.Login)); err != nil {
			return err
		}
		if err := s.SetPassword(tx, row, hash, user.PasswordReset); err != nil {
			return err
		}
		return s.EndAll(tx, row.ID, "", user.PasswordReset)
	})
}
