package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// Account is a row of accounts.
type Account struct {
	ID          string `gorm:"primaryKey"`
	Email       string
	Login       string
	Name        string
	Locale      string
	Role        string
	Locked      string
	Password    string
	Preferences string
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
	Origin      string    // see [user.Legacy]
	// ErasingSince is when the erasure of the account began; nil: it has not.
	ErasingSince *time.Time
}

// Shut reports whether no session begins and no API key is good.
func (r Account) Shut() bool { return r.Locked != "" || r.ErasingSince != nil }

// TableName implements gorm's Tabler.
func (Account) TableName() string { return "accounts" }

// Public returns the account without its password.
func (r Account) Public() (user.Account, error) {
	a := user.Account{
		ID: r.ID, Email: r.Email, Name: r.Name, Locale: r.Locale, Role: user.Role(r.Role), Locked: r.Locked,
		Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if err := json.Unmarshal([]byte(r.Preferences), &a.Preferences); err != nil {
		return a, fault.Wrap(err, fault.Bug, fault.Internal, "stored preferences cannot be read")
	}
	if r.ErasingSince != nil {
		a.Locked = "it is being erased"
	}
	return a, nil
}

// Take returns an account, or NOT_FOUND.
func Take(db *gorm.DB, where string, args ...any) (Account, error) {
	row, err := Look(db, where, args...)
	if err == nil && row.ID == "" {
		err = fault.Errorf(fault.Business, fault.NotFound, "there is no such account")
	}
	return row, err
}

// Look returns an account, or the zero row.
func Look(db *gorm.DB, where string, args ...any) (Account, error) {
	var rows []Account
	if err := db.Where(where, args...).Limit(1).Find(&rows).Error; err != nil {
		return Account{}, fmt.Errorf("find the account: %w", err)
	}
	if len(rows) == 0 {
		return Account{}, nil
	}
	return rows[0], nil
}

// Locking makes a query lock the rows that it reads until its transaction ends.
func Locking(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// Update changes an account, which tx has locked, and tells it.
func (s *Base) Update(tx *gorm.DB, r *Account) error {
	r.Version, r.UpdatedAt = r.Version+1, s.Now()
	if err := tx.Save(r).Error; err != nil {
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return Taken() // meanwhile
		}
		return fmt.Errorf("change the account: %w", err)
	}
	return tellChanged(tx, *r)
}

func tellChanged(tx *gorm.DB, r Account) error {
	return outbox.Tell(tx, user.ChangedFact.At(r.ID, "", r.Version, user.ChangedData{ //nolint:wrapcheck // a fault, or the database's error
		Account: r.ID, Role: user.Role(r.Role), Locale: r.Locale, Locked: r.Shut(),
	}))
}

// Insert makes an account and tells it; the zero result: another one has the address.
func (s *Base) Insert(tx *gorm.DB, id, hash, by string, r user.Registration, role user.Role) (Account, error) {
	login, err := user.Address(r.Email)
	if err != nil {
		return Account{}, err
	}
	now := s.Now()
	row := Account{
		ID: id, Email: r.Email, Login: login, Name: r.Name, Locale: r.Locale, Role: string(role), Password: hash, Preferences: "[]",
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if done.Error != nil {
		return row, fmt.Errorf("make the account: %w", done.Error)
	}
	if done.RowsAffected == 0 {
		return Account{}, nil
	}
	if err := s.Record(tx, id, user.Registered, by, "", string(role)); err != nil {
		return row, err
	}
	if err := outbox.Tell(tx, user.RegisteredFact.New(id, "", user.RegisteredData{Account: id})); err != nil {
		return row, err //nolint:wrapcheck // a fault, or the database's error
	}
	return row, tellChanged(tx, row)
}

// Taken returns the refusal of an address that another account has.
func Taken() error {
	return fault.Errorf(fault.Business, user.AddressTaken, "another account has the address of mail")
}

// SetPassword changes the password of an account that tx has locked, and ends the tokens of
// mails by which the holder of the old one could come back.
func (s *Base) SetPassword(tx *gorm.DB, row Account, hash string, event user.Event) error {
	if err := tx.Model(&row).Update("password", hash).Error; err != nil {
		return fmt.Errorf("change the password: %w", err)
	}
	if err := s.Void(tx, row.ID); err != nil {
		return err
	}
	record, err := s.record(tx, row.ID, event, "", "", "")
	if err != nil {
		return err
	}
	return outbox.Tell(tx, user.PasswordChangedFact.New(row.ID, "", user.PasswordData{ //nolint:wrapcheck // a fault, or the database's error
		Account: row.ID, Reset: event == user.PasswordReset, Record: record,
	}))
}
