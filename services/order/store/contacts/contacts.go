// Package contacts is the part of the order service's store that keeps where guests are
// told of their orders.
package contacts

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

type row struct {
	OrderID     string `gorm:"primaryKey"`
	Fingerprint string `gorm:"primaryKey"`
	Email       string
	Phone       string
	Locale      string
	KeptAt      time.Time
}

// TableName implements gorm's Tabler.
func (row) TableName() string { return "contacts" }

// Book keeps the contacts of placements.
type Book struct {
	db  *gorm.DB
	get func(ctx context.Context, id string) (order.Record, error)
}

// NewBook returns a book in db, which has the orders, too; get finds one.
func NewBook(db *gorm.DB, get func(ctx context.Context, id string) (order.Record, error)) *Book {
	return &Book{db, get}
}

// KeepContact implements [order.Service].
func (b *Book) KeepContact(ctx context.Context, id, fingerprint string, c order.Contact) error {
	if id == "" || fingerprint == "" {
		return fault.Errorf(fault.Business, fault.Invalid, "a contact is that of a placement, which has an id and a fingerprint")
	}
	if err := c.Validate(); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	kept := row{id, fingerprint, c.Email, c.Phone, c.Locale, database.Now()}
	return database.Retry(ctx, b.db, func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&kept).Error
	})
}

// Contact implements [order.Service].
func (b *Book) Contact(ctx context.Context, id string) (order.Contact, error) {
	rec, err := b.get(ctx, id)
	if err != nil {
		return order.Contact{}, err
	}
	var kept row
	err = b.db.WithContext(ctx).Where("order_id = ? AND fingerprint = ?", id, rec.Placement.Fingerprint).Take(&kept).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return order.Contact{}, fault.Errorf(fault.Business, fault.NotFound, "the order has no contact")
	}
	if err != nil {
		return order.Contact{}, database.Fault(fmt.Errorf("read contact: %w", err))
	}
	return order.Contact{Email: kept.Email, Phone: kept.Phone, Locale: kept.Locale}, nil
}

// ForgetContacts removes the contacts that were kept 90 days before now or earlier, except
// those of undecided orders. A repeat finds nothing to do.
func (b *Book) ForgetContacts(ctx context.Context, now time.Time) error {
	for {
		var n int64
		err := database.Retry(ctx, b.db, func(db *gorm.DB) error {
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
