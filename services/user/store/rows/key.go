package rows

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user/store/ended"
)

// Key is an API key.
type Key struct {
	ID        string `gorm:"primaryKey"`
	Account   string
	Name      string
	Scopes    string
	Hash      string
	CreatedAt time.Time
	ExpiresAt *time.Time
	UsedAt    *time.Time
	RevokedAt *time.Time
}

// TableName implements gorm's Tabler.
func (Key) TableName() string { return "api_keys" }

// FromNull returns a time that may be missing: then the zero time.
func FromNull(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Keys returns the keys of an account that are not revoked, the newest first.
func Keys(db *gorm.DB, account string) (rows []Key, err error) {
	err = db.Where("account = ? AND revoked_at IS NULL", account).Order("created_at DESC, id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return rows, nil
}

// KeyBy returns a key by its id, or the zero row.
func KeyBy(db *gorm.DB, id string) (Key, error) {
	var rows []Key
	if err := db.Where("id = ?", id).Find(&rows).Error; err != nil {
		return Key{}, fmt.Errorf("find the key: %w", err)
	}
	if len(rows) == 0 {
		return Key{}, nil
	}
	return rows[0], nil
}

// SuspendKeys has gateways ask again about the keys of an account, which tx has locked:
// their scopes have changed, or they prove nothing while it is locked.
func (s *Base) SuspendKeys(tx *gorm.DB, account string) error {
	rows, err := Keys(tx, account)
	if err != nil || len(rows) == 0 {
		return err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	_, err = ended.Add(tx, s.Now().Add(token.KeyLife+token.Leeway), ids...)
	return err //nolint:wrapcheck // it names the operation
}
