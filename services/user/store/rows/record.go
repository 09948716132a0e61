package rows

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
)

// Record is one thing that happened to the security of an account.
type Record struct {
	ID      string `gorm:"primaryKey"`
	Account string
	At      time.Time
	Event   string
	ByWhom  string
	About   string
	Note    string
}

// TableName implements gorm's Tabler.
func (Record) TableName() string { return "records" }

// Record adds to what happened to an account's security. By is empty for its owner.
func (s *Base) Record(tx *gorm.DB, account string, event user.Event, by, about, note string) error {
	_, err := s.record(tx, account, event, by, about, note)
	return err
}

// record is Record that returns the record's id.
func (s *Base) record(tx *gorm.DB, account string, event user.Event, by, about, note string) (string, error) {
	id, err := NewID()
	if err != nil {
		return "", err
	}
	err = database.Queue(tx, 1).Exec("INSERT INTO records (id, account, at, event, by_whom, about, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, account, s.Now(), string(event), by, about, note).Error
	if err != nil {
		return "", fmt.Errorf("record %s: %w", event, err)
	}
	return id, nil
}
