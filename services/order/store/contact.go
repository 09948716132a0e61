package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
)

// keepContact is how long a contact is kept at least.
const keepContact = 90 * 24 * time.Hour

// forgotten is how many contacts one statement removes.
const forgotten = 1000

type contactRow struct {
	OrderID     string `gorm:"primaryKey"`
	Fingerprint string `gorm:"primaryKey"`
	Email       string
	Phone       string
	Locale      string
	KeptAt      time.Time
}

// TableName implements gorm's Tabler.
func (contactRow) TableName() string { return "contacts" }

// KeepContact implements [order.Service].
func (s *Store) KeepContact(ctx context.Context, id, fingerprint string, c order.Contact) error {
	if id == "" || fingerprint == "" {
		return fault.Errorf(fault.Business, fault.Invalid, "a contact is that of a placement, which has an id and a fingerprint")
	}
	if err := c.Validate(); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	row := contactRow{id, fingerprint, c.Email, c.Phone, c.Locale, database.Now()}
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	})
}

// Contact implements [order.Service].
func (s *Store) Contact(ctx context.Context, id string) (order.Contact, error) {
	rec, err := find(s.db.WithContext(ctx), id)
	if err != nil {
		return order.Contact{}, database.Fault(err)
	}
	var row contactRow
	err = s.db.WithContext(ctx).Where("order_id = ? AND fingerprint = ?", id, rec.Placement.Fingerprint).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return order.Contact{}, fault.Errorf(fault.Business, fault.NotFound, "the order has no contact")
	}
	if err != nil {
		return order.Contact{}, database.Fault(fmt.Errorf("read contact: %w", err))
	}
	return order.Contact{Email: row.Email, Phone: row.Phone, Locale: row.Locale}, nil
}

// ForgetContacts removes the contacts that were kept 90 days before now or earlier, except
// those of undecided orders. A repeat finds nothing to do.
func (s *Store) ForgetContacts(ctx context.Context, now time.Time) error {
	for {
		var n int64
		err := database.Retry(ctx, s.db, func(db *gorm.DB) error {
			gone := db.Exec(`DELETE FROM contacts WHERE order_id IN (SELECT order_id FROM contacts AS c WHERE kept_at <= ?
				AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.id = c.order_id AND o.status = 'PENDING') LIMIT ?) AND kept_at <= ?`,
				now.Add(-keepContact), forgotten, now.Add(-keepContact))
			n = gone.RowsAffected
			return gone.Error
		})
		if err != nil || n < forgotten {
			return err
		}
	}
}
