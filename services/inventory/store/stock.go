package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
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
		return enter(tx, entryRow{
			SKU: d.SKU, Warehouse: d.Warehouse, Kind: string(inventory.Delivered), Units: d.Quantity, BookedBy: d.By,
		})
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
func lockStock(tx *gorm.DB, t *turn, skus []string) ([]inventory.Stock, error) {
	var rows []stockRow
	err := locked(tx, t, skus).Where("sku IN ?", skus).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	return stockOf(rows), nil
}

// locked makes a query lock the stock rows it reads, which are those of some SKUs, in
// the order of their key. All locks on stock are taken by such a query, so two
// transactions never wait for each other: of the rows that both want, each takes the
// first free one first.
func locked(tx *gorm.DB, t *turn, skus []string) *gorm.DB {
	lock := clause.Locking{Strength: clause.LockingStrengthUpdate, Table: clause.Table{Name: "stock"}}
	if t.lock(skus) {
		lock.Options = clause.LockingOptionsNoWait
	}
	return tx.Clauses(lock).Order("stock.sku, stock.warehouse")
}

// movement moves units from one column of a stock row to another.
type movement struct{ from, to string }

var (
	hold    = movement{"available", "reserved"}
	release = movement{"reserved", "available"}
	sell    = movement{"reserved", "committed"}
)

// apply moves the units of every line of all reservations in one statement. The
// statement locks the rows it writes before it writes them, and its condition says
// again that the units are there. A row without them is a contradiction and never
// means "out of stock": Reserve decided that on locked rows.
func (m movement) apply(tx *gorm.DB, t *turn, all ...inventory.Reservation) error {
	type place struct{ sku, warehouse string }
	units := map[place]int64{} // two reservations may hold units of one row
	for _, r := range all {
		for _, p := range r.Parcels {
			for _, l := range p.Lines {
				units[place{l.SKU, p.Warehouse}] += l.Quantity
			}
		}
	}
	if len(units) == 0 {
		return fault.Errorf(fault.Bug, fault.Invalid, "no units to move")
	}
	var args []any
	var skus []string
	for at, n := range units {
		args, skus = append(args, at.sku, at.warehouse, n), append(skus, at.sku)
	}
	// PostgreSQL takes parameters in VALUES for text, unless they are cast.
	values := strings.Repeat(", (cast(? AS text), cast(? AS text), cast(? AS bigint))", len(units))[2:]
	due := locked(tx.Table("stock"), t, skus).Select("stock.sku, stock.warehouse, v.units").
		Joins("JOIN v ON v.sku = stock.sku AND v.warehouse = stock.warehouse")
	res := database.Queue(tx, int64(len(units))).Exec(fmt.Sprintf(`WITH v(sku, warehouse, units) AS (VALUES %[1]s), due AS (?)
		UPDATE stock SET %[2]s = stock.%[2]s - due.units, %[3]s = stock.%[3]s + due.units FROM due
		WHERE stock.sku = due.sku AND stock.warehouse = due.warehouse AND stock.%[2]s >= due.units`, values, m.from, m.to), append(args, due)...)
	if res.Error != nil {
		return fmt.Errorf("move stock: %w", res.Error)
	}
	if res.RowsAffected != int64(len(units)) {
		var asked []string
		for at, n := range units {
			asked = append(asked, fmt.Sprintf("%d %s in %s", n, at.sku, at.warehouse))
		}
		slices.Sort(asked)
		return fault.Errorf(fault.Bug, fault.Conflict, "the stock does not have, %s, all of: %s", m.from, strings.Join(asked, ", "))
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
