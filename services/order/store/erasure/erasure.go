// Package erasure is the part of the order service's store that removes the personal data of
// customers who are gone: addresses and contacts. Orders, their lines, amounts and the
// customer's id, which is random, stay.
//
// The engine's histories have addresses, too. The store lists the orders whose histories are
// to go; see package internal/orders/histories. Services that keep more of an order's customer
// hear of its erasure: see package services/order/erased.
package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/order/store/rows"
)

// batch is how many orders one transaction erases.
const batch = 200

// Book erases orders in a database.
type Book struct{ db *gorm.DB }

// NewBook returns a book in db, which has the orders, too.
func NewBook(db *gorm.DB) *Book { return &Book{db} }

// Erase implements [order.Service].
func (b *Book) Erase(ctx context.Context, e order.Erasure) error {
	if err := e.Validate(); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	if e.Order != "" {
		return b.eraseOrder(ctx, e)
	}
	// From here on the rounds erase the customer's orders, also those that are placed meanwhile.
	err := database.Retry(ctx, b.db, func(db *gorm.DB) error {
		return db.Exec(`INSERT INTO erasures (customer_id, asked_at, asked_by, reason) VALUES (?, ?, ?, ?)
			ON CONFLICT (customer_id) DO UPDATE SET done_at = NULL`,
			e.Customer, database.Now(), e.By, e.Reason).Error
	})
	if err != nil {
		return err //nolint:wrapcheck // a fault
	}
	return b.due(ctx, "e.customer_id = ?", e.Customer)
}

func (b *Book) eraseOrder(ctx context.Context, e order.Erasure) error {
	return database.InTx(ctx, b.db, func(tx *gorm.DB) error { //nolint:wrapcheck // a fault
		var found []rows.Order
		err := locked(tx).Where("id = ?", e.Order).Find(&found).Error
		switch {
		case err != nil:
			return fmt.Errorf("lock the order: %w", err)
		case len(found) == 0:
			return fault.Errorf(fault.Business, fault.NotFound, "there is no such order")
		case found[0].Status == string(order.Pending):
			return fault.Errorf(fault.Business, order.NotDecided, "the order is not decided yet")
		}
		return erase(tx, found, e)
	})
}

// EraseDue erases the orders of erased customers that were not decided when their erasure was
// asked for, and ends erasures that have none left. A repeat finds nothing to do.
func (b *Book) EraseDue(ctx context.Context) error {
	if err := b.due(ctx, "e.done_at IS NULL"); err != nil {
		return err
	}
	now := database.Now()
	return database.Retry(ctx, b.db, func(db *gorm.DB) error { //nolint:wrapcheck // a fault
		return db.Exec(`UPDATE erasures SET done_at = ? WHERE done_at IS NULL AND asked_at < ? AND NOT EXISTS (SELECT 1 FROM orders
			WHERE orders.customer_id = erasures.customer_id AND `+unerased+")", now, now.Add(-lateOrders)).Error
	})
}

// lateOrders is how long an erased customer's requests may be under way: their tokens are good
// for minutes.
const lateOrders = 24 * time.Hour

// unerased selects those orders of an account that are not erased.
const unerased = rows.OfAccount + ` AND NOT EXISTS (SELECT 1 FROM erased_orders AS x WHERE x.order_id = orders.id)`

// due erases, batch by batch, the decided orders of erased customers that a condition selects.
func (b *Book) due(ctx context.Context, condition string, args ...any) error {
	for {
		n := 0
		err := database.InTx(ctx, b.db, func(tx *gorm.DB) error {
			var found []rows.Order
			err := locked(tx).Where(`status <> 'PENDING' AND customer_id IN (SELECT e.customer_id FROM erasures AS e WHERE `+condition+`)
				AND `+unerased, args...).Order("id").Limit(batch).Find(&found).Error
			if err != nil {
				return fmt.Errorf("find orders to erase: %w", err)
			}
			n = len(found)
			return erase(tx, found, order.Erasure{})
		})
		if err != nil || n < batch {
			return err //nolint:wrapcheck // a fault
		}
	}
}

func locked(tx *gorm.DB) *gorm.DB { return tx.Clauses(clause.Locking{Strength: "UPDATE"}) }

// erase erases orders that tx has locked, and tells it.
func erase(tx *gorm.DB, found []rows.Order, e order.Erasure) error {
	told := make([]event.Event, len(found))
	for i := range found {
		told[i] = erased.Fact.New(found[i].ID, "", erased.Data{Order: found[i].ID})
		var p order.Placement
		if err := json.Unmarshal([]byte(found[i].Placement), &p); err != nil {
			return rows.Unreadable(found[i].ID, err) //nolint:wrapcheck // a fault
		}
		p.ShipTo = order.Address{}
		left, err := json.Marshal(p)
		if err != nil {
			return fault.Errorf(fault.Bug, fault.Internal, "encode the placement: %w", err)
		}
		for _, change := range []*gorm.DB{
			tx.Exec("UPDATE orders SET placement = ? WHERE id = ?", string(left), found[i].ID),
			tx.Exec("DELETE FROM contacts WHERE order_id = ?", found[i].ID),
			tx.Exec("INSERT INTO erased_orders (order_id, erased_at, asked_by, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				found[i].ID, database.Now(), e.By, e.Reason),
		} {
			if change.Error != nil {
				return fmt.Errorf("erase order %s: %w", found[i].ID, change.Error)
			}
		}
	}
	return outbox.Tell(tx, told...) //nolint:wrapcheck // a fault, or the database's error
}

// Histories returns at most limit erased orders behind after, by id, of which the engine may have
// histories.
func (b *Book) Histories(ctx context.Context, after string, limit int) (ids []string, err error) {
	err = b.db.WithContext(ctx).Raw("SELECT order_id FROM erased_orders WHERE histories_gone IS NULL AND order_id > ? ORDER BY order_id LIMIT ?",
		after, limit).Scan(&ids).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("find histories to delete: %w", err))
	}
	return ids, nil
}

// HistoriesGone records that the engine has no history of an erased order. A repeat changes
// nothing.
func (b *Book) HistoriesGone(ctx context.Context, id string) error {
	return database.Retry(ctx, b.db, func(db *gorm.DB) error { //nolint:wrapcheck // a fault
		return db.Exec("UPDATE erased_orders SET histories_gone = ? WHERE order_id = ? AND histories_gone IS NULL", database.Now(), id).Error
	})
}
