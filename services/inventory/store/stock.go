package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
)

// Receive implements [inventory.Service].
func (s *Store) Receive(ctx context.Context, d inventory.Delivery) (inventory.Stock, error) {
	if err := d.Validate(); err != nil {
		return inventory.Stock{}, err
	}
	var row stockRow
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		if d.Known {
			if err := known(tx, d); err != nil {
				return err
			}
		}
		warehouse := warehouseRow{Code: d.Warehouse, CreatedAt: database.Now()}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&warehouse).Error; err != nil {
			return fmt.Errorf("create warehouse: %w", err)
		}
		err := tx.Raw(`INSERT INTO stock (sku, warehouse, available, reserved, committed, received)
			VALUES (?, ?, ?, 0, 0, ?)
			ON CONFLICT (sku, warehouse) DO UPDATE
			SET available = stock.available + excluded.available, received = stock.received + excluded.received
			RETURNING *`, d.SKU, d.Warehouse, d.Quantity, d.Quantity).Scan(&row).Error
		if err != nil {
			return fmt.Errorf("receive stock: %w", err)
		}
		return nil
	})
	if err != nil {
		return inventory.Stock{}, err
	}
	return inventory.Stock(row), nil
}

// Stock implements [inventory.Service].
func (s *Store) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	return s.stock(ctx, "sku = ?", sku)
}

// AllStock returns what every warehouse has of every SKU, by SKU and warehouse
// code. It reads the whole table: it is there to check invariants, not to serve.
func (s *Store) AllStock(ctx context.Context) ([]inventory.Stock, error) {
	return s.stock(ctx, "1 = 1")
}

func (s *Store) stock(ctx context.Context, where string, args ...any) ([]inventory.Stock, error) {
	var rows []stockRow
	if err := s.db.WithContext(ctx).Where(where, args...).Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read stock: %w", err))
	}
	stock := stockOf(rows)
	// Here and not in SQL: engines and collations disagree on the order of text.
	slices.SortFunc(stock, func(a, b inventory.Stock) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Warehouse, b.Warehouse))
	})
	return stock, nil
}

// lockStock reads the stock of some SKUs in all warehouses and keeps it from
// changing until tx ends. Every change of stock goes through it, by one
// statement in one order, so whoever comes second waits and then sees what the
// first one left: nobody decides on stock that somebody else is about to give
// back, and there are no deadlocks. (On SQLite tx is the only writer anyway, and
// the dialect leaves the row locks out.)
//
// It locks warehouses, too, that turn out not to be needed: which ones are is
// only known after looking at all of them.
func lockStock(tx *gorm.DB, skus []string) ([]inventory.Stock, error) {
	var rows []stockRow
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("sku IN ?", skus).Order("sku, warehouse").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	return stockOf(rows), nil
}

// movement takes units from one place of a stock row to another.
type movement string

// The movements. Each says again, in its WHERE, that the units are there.
const (
	hold movement = `UPDATE stock SET available = available - @units, reserved = reserved + @units
		WHERE sku = @sku AND warehouse = @warehouse AND available >= @units`
	release movement = `UPDATE stock SET available = available + @units, reserved = reserved - @units
		WHERE sku = @sku AND warehouse = @warehouse AND reserved >= @units`
	sell movement = `UPDATE stock SET reserved = reserved - @units, committed = committed + @units
		WHERE sku = @sku AND warehouse = @warehouse AND reserved >= @units`
)

// apply moves the units of every line of r, whose stock rows tx has locked. A
// row that does not have them is a contradiction and never means "out of stock":
// that was decided on the locked rows.
func (m movement) apply(tx *gorm.DB, r inventory.Reservation) error {
	for _, p := range r.Parcels {
		for _, l := range p.Lines {
			res := database.Queue(tx, 1).Exec(string(m), map[string]any{"units": l.Quantity, "sku": l.SKU, "warehouse": p.Warehouse})
			if res.Error != nil {
				return fmt.Errorf("move stock: %w", res.Error)
			}
			if res.RowsAffected != 1 {
				return fault.Errorf(fault.Bug, fault.Conflict, "the stock of %q in %s does not have what the reservation says", l.SKU, p.Warehouse)
			}
		}
	}
	return nil
}

type warehouseRow struct {
	Code      string `gorm:"primaryKey"`
	CreatedAt time.Time
}

func (warehouseRow) TableName() string { return "warehouses" }

// stockRow has the fields of [inventory.Stock], so that one converts to the other.
type stockRow struct {
	SKU       string `gorm:"column:sku;primaryKey"`
	Warehouse string `gorm:"primaryKey"`
	Available int64
	Reserved  int64
	Committed int64
	Received  int64
}

func (stockRow) TableName() string { return "stock" }

func stockOf(rows []stockRow) []inventory.Stock {
	stock := make([]inventory.Stock, 0, len(rows))
	for _, r := range rows {
		stock = append(stock, inventory.Stock(r))
	}
	return stock
}
