package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/patience"
	"github.com/amends/amends/services/inventory/store/tally"
)

// Receive implements [inventory.Service].
func (s *Store) Receive(ctx context.Context, d inventory.Delivery) (inventory.Stock, error) {
	if err := d.Validate(); err != nil {
		return inventory.Stock{}, err
	}
	var row stockRow
	var repeated bool
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		if d.Known {
			if err := tally.Known(tx, d); err != nil {
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
			SET available = stock.available + excluded.available, received = stock.received + excluded.received,
				version = stock.version + 1
			RETURNING *`, d.SKU, d.Warehouse, d.Quantity, d.Quantity).Scan(&row).Error
		if err != nil {
			return fmt.Errorf("receive stock: %w", err)
		}
		if repeated, err = booked(tx, inventory.Delivered, d.SKU, d.Warehouse, d.Reference, d.Quantity); err != nil {
			return err
		}
		if repeated {
			return errBooked // takes the units off again
		}
		if err := tellStock(tx, "", row); err != nil {
			return err
		}
		return enter(tx, entryRow{
			SKU: d.SKU, Warehouse: d.Warehouse, Kind: string(inventory.Delivered), Units: d.Quantity, BookedBy: d.By, Reference: d.Reference,
		})
	})
	switch {
	case repeated && errors.Is(err, errBooked):
		row.Available, row.Received = row.Available-d.Quantity, row.Received-d.Quantity
	case err != nil:
		return inventory.Stock{}, err
	}
	return row.stock(), nil
}

// errBooked rolls back a delivery that is booked already.
var errBooked = errors.New("the delivery is booked already")

// Stock implements [inventory.Service].
func (s *Store) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	return s.stock(ctx, "sku = ?", sku)
}

// CheckStock implements [inventory.Service].
func (s *Store) CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error) {
	if err := inventory.ValidateCheck(lines); err != nil {
		return inventory.Availability{}, err
	}
	stock, err := s.stock(ctx, "sku IN ?", skus(lines))
	if err != nil {
		return inventory.Availability{}, err
	}
	units := map[string]int64{}
	for _, st := range stock {
		units[st.SKU] += st.Available
	}
	a := inventory.Availability{Lines: make([]inventory.LineAvailability, len(lines))}
	for i, l := range lines {
		a.Lines[i] = inventory.LineAvailability{SKU: l.SKU, Requested: l.Quantity, Available: units[l.SKU]}
	}
	return a, nil
}

// AllStock returns the stock of every SKU in every warehouse, by SKU and warehouse
// code. It reads the whole table, for checking invariants.
func (s *Store) AllStock(ctx context.Context) ([]inventory.Stock, error) {
	return s.stock(ctx, "1 = 1")
}

func (s *Store) stock(ctx context.Context, where string, args ...any) ([]inventory.Stock, error) {
	var rows []stockRow
	if err := s.db.WithContext(ctx).Where(where, args...).Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read stock: %w", err))
	}
	stock := stockOf(rows)
	// Not in SQL: databases and collations disagree on the order of text.
	slices.SortFunc(stock, func(a, b inventory.Stock) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Warehouse, b.Warehouse))
	})
	return stock, nil
}

// lockStock reads the stock of some SKUs in all warehouses and keeps it from
// changing until tx ends. A competing reserve waits and then sees what this one
// left, so no reserve decides on stock that another transaction is about to give
// back. (On SQLite tx is the only writer, and the dialect leaves row locks out.)
//
// It also locks warehouses that turn out not to be needed: which ones are needed is
// known only after looking at all of them.
func lockStock(tx *gorm.DB, t *patience.Turn, skus []string) ([]stockRow, error) {
	var rows []stockRow
	err := locked(tx, t, skus).Where("sku IN ?", skus).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	return rows, nil
}

// locked makes a query lock the stock rows it reads, which are those of some SKUs, in
// the order of their key. All locks on stock are taken by such a query, so two
// transactions never wait for each other: of the rows that both want, each takes the
// first free one first.
func locked(tx *gorm.DB, t *patience.Turn, skus []string) *gorm.DB {
	lock := clause.Locking{Strength: clause.LockingStrengthUpdate, Table: clause.Table{Name: "stock"}}
	if t.Lock(skus) {
		lock.Options = clause.LockingOptionsNoWait
	}
	return tx.Clauses(lock).Order("stock.sku, stock.warehouse")
}

type warehouseRow struct {
	Code      string `gorm:"primaryKey"`
	CreatedAt time.Time
}

func (warehouseRow) TableName() string { return "warehouses" }

type stockRow struct {
	SKU       string `gorm:"column:sku;primaryKey"`
	Warehouse string `gorm:"primaryKey"`
	Available int64
	Reserved  int64
	Committed int64
	Received  int64
	Version   int64 // of Available
}

func (stockRow) TableName() string { return "stock" }

func (r stockRow) stock() inventory.Stock {
	return inventory.Stock{
		SKU: r.SKU, Warehouse: r.Warehouse, Available: r.Available, Reserved: r.Reserved, Committed: r.Committed, Received: r.Received,
	}
}

func stockOf(rows []stockRow) []inventory.Stock {
	stock := make([]inventory.Stock, 0, len(rows))
	for _, r := range rows {
		stock = append(stock, r.stock())
	}
	return stock
}
