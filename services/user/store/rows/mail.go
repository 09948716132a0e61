package rows

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/failed"
)

// Mail is a mail that is to be sent.
type Mail struct {
	ID        string `gorm:"primaryKey"`
	Account   string
	Template  string
	Email     string
	Login     string
	Name      string
	Locale    string
	Hash      string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// TableName implements gorm's Tabler.
func (Mail) TableName() string { return "mails" }

// None is the template of a mail that is never sent: it is written where another address
// would get one, so that both cost the same.
const None user.Template = ""

// Already is the mail to an owner whose address was given by another, or again.
func Already(owner Account) Mail {
	return Mail{
		Account: owner.ID, Template: string(user.AlreadyRegistered), Email: owner.Email, Login: owner.Login, Name: owner.Name, Locale: owner.Locale,
	}
}

// Send writes a mail and tells it, unless the address must be spared, see [user.Pause].
func (s *Base) Send(tx *gorm.DB, m Mail, age time.Duration) error {
	m.CreatedAt = s.Now()
	m.ExpiresAt = m.CreatedAt.Add(age)
	spared, err := s.spared(tx, m)
	if err != nil || spared {
		return err
	}
	if m.ID, err = NewID(); err != nil {
		return err
	}
	m.Hash = secret.Hash(s.Derived.MailToken(m.ID))
	if err := tx.Create(&m).Error; err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	if m.Template == string(None) {
		return nil
	}
	return outbox.Tell(tx, user.MailWantedFact.New(m.Account, "", user.MailData{ //nolint:wrapcheck // a fault, or the database's error
		Account: m.Account, Mail: m.ID, Template: user.Template(m.Template),
	}))
}

// spared reports whether the address has got mails of the template that a stranger may have
// asked for. A change of the address was not asked for by one, and its owner must know.
func (s *Base) spared(tx *gorm.DB, m Mail) (bool, error) {
	if m.Template == string(user.AddressChanged) {
		return false, nil
	}
	// Of requests at the same time the second sees the mail of the first.
	if err := failed.Hold(tx, s.Derived.Login(m.Login), m.CreatedAt); err != nil {
		return false, err //nolint:wrapcheck // it names the operation
	}
	var earlier []Mail
	err := tx.Where("login = ? AND template = ? AND created_at > ? AND used_at IS NULL", m.Login, m.Template, m.CreatedAt.AddDate(0, 0, -1)).
		Order("created_at DESC").Find(&earlier).Error
	if err != nil {
		return false, fmt.Errorf("look for earlier mails: %w", err)
	}
	return len(earlier) > 0 && m.CreatedAt.Before(earlier[0].CreatedAt.Add(user.Pause(len(earlier)))), nil
}

// Spend takes the mail of a token and marks it as used.
func (s *Base) Spend(tx *gorm.DB, token string) (Mail, error) {
	row, err := s.MailOf(Locking(tx), token)
	if err != nil {
		return row, err
	}
	if err := tx.Model(&row).Update("used_at", s.Now()).Error; err != nil {
		return row, fmt.Errorf("use a mail: %w", err)
	}
	return row, nil
}

// Void ends the tokens that let their holders into an account: those of its mails to reset
// the password, and to confirm another address. tx has locked the account.
func (s *Base) Void(tx *gorm.DB, account string) error {
	err := tx.Model(&Mail{}).Where("account = ? AND used_at IS NULL AND template IN ?", account,
		[]user.Template{user.ResetPassword, user.ConfirmAddress}).Update("used_at", s.Now()).Error
	if err != nil {
		return fmt.Errorf("end the tokens of mails: %w", err)
	}
	return nil
}

// MailOf returns the mail of a token, or TOKEN_SPENT.
func (s *Base) MailOf(db *gorm.DB, token string) (Mail, error) {
	row, err := MailBy(db, secret.MailOf(token))
	if err != nil {
		return row, err
	}
	if row.UsedAt != nil || !row.ExpiresAt.After(s.Now()) || !secret.Same(token, row.Hash) {
		return row, user.Spent()
	}
	return row, nil
}

// MailBy returns the mail of an id, or the zero row, whose age refuses everything.
func MailBy(db *gorm.DB, id string) (Mail, error) {
	var rows []Mail
	if err := db.Where("id = ?", id).Find(&rows).Error; err != nil {
		return Mail{}, fmt.Errorf("find a mail: %w", err)
	}
	if len(rows) == 0 {
		return Mail{}, nil
	}
	return rows[0], nil
}
