// Package store keeps the notification service's rows: deliveries and suppressions. It is
// the queue of package send.
package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/notification"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the notification service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [notification.Service] on a database of its own.
type Store struct {
	db  *gorm.DB
	now func() time.Time
}

var _ notification.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return At(db, database.Now) }

// At is New with another clock.
func At(db *gorm.DB, now func() time.Time) *Store { return &Store{db, now} }

// most is how many deliveries About returns.
const most = 200

// About implements [notification.Service].
func (s *Store) About(ctx context.Context, subject string) ([]notification.Delivery, error) {
	var found []row
	err := s.db.WithContext(ctx).Where("subject = ?", subject).Order("created_at DESC, id").Limit(most).Find(&found).Error
	if err != nil {
		return nil, database.Fault(err)
	}
	slices.Reverse(found)
	return public(found)
}

// Lift implements [notification.Service].
func (s *Store) Lift(ctx context.Context, c notification.Channel, address string) error {
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		return db.Where("channel = ? AND address = ?", c, hash(address)).Delete(&suppression{}).Error
	})
}

// suppression is a row.
type suppression struct {
	Channel string `gorm:"primaryKey"`
	Address string `gorm:"primaryKey"` // hashed
	Until   time.Time
}

// hash returns the hash of an address, by which only those who have it recognise it.
func hash(address string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(address)))
	return hex.EncodeToString(sum[:])
}
