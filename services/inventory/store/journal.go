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

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/tally"
)

// Adjust implements [inventory.Service].
func (s *Store) Adjust(ctx context.Context, a inventory.Adjustment) (stock inventory.Stock, repeated bool, err error) {
	if err := a.Validate(); err != nil {
		return inventory.Stock{}, false, err
	}
	err = database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		var row stockRow
		err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).
			Where("sku = ? AND warehouse = ?", a.SKU, a.Warehouse).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fault.Errorf(fault.Business, inventory.NeverReceived, "%q in %s: never received before", a.SKU, a.Warehouse)
		}
		if err != nil {
			return fmt.Errorf("lock stock: %w", err)
		}
		stock = row.stock()
		if repeated, err = booked(tx, inventory.Correction, a.SKU, a.Warehouse, a.Reference, a.Units); err != nil || repeated {
			return err
		}
		if a.Units == 0 {
			row.Available, row.Reserved, row.Committed, row.Received, err = tally.SetBack(tx, row.SKU, row.Warehouse)
		} else {
			err = take(tx, &row, a)
		}
		if err != nil {
			return err
		}
		row.Version++
		stock = row.stock()
		err = enter(tx, entryRow{
			SKU: a.SKU, Warehouse: a.Warehouse, Kind: string(inventory.Correction), Units: a.Units,
			BookedBy: a.By, Reason: a.Reason, Reference: a.Reference,
		})
		if err != nil {
			return err
		}
		return tellStock(tx, "", row)
	})
	if err != nil {
		return inventory.Stock{}, false, err
	}
	return stock, repeated, nil
}

// booked reports whether the journal has a reference already. The stock row, which
// tx has locked, keeps others from booking it meanwhile.
func booked(tx *gorm.DB, kind inventory.EntryKind, sku, warehouse, reference string, units int64) (bool, error) {
	if reference == "" {
		return false, nil
	}
	var rows []entryRow
	if err := tx.Where("sku = ? AND warehouse = ? AND kind = ? AND reference = ?", sku, warehouse, kind, reference).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("find the reference: %w", err)
	}
	if len(rows) > 0 && rows[0].Units != units {
		return false, fault.Errorf(fault.Business, fault.Mismatch, "reference %q is booked for %q in %s already, with %+d units",
			reference, sku, warehouse, rows[0].Units)
	}
	return len(rows) > 0, nil
}

// take changes the available units of a row, which tx has locked, by those of a correction.
func take(tx *gorm.DB, row *stockRow, a inventory.Adjustment) error {
	if row.Available+a.Units < 0 {
		return fault.Errorf(fault.Business, inventory.TooFew, "%d of %q in %s cannot be taken off: %d are available, %d reserved for orders",
			-a.Units, a.SKU, a.Warehouse, row.Available, row.Reserved)
	}
	row.Available, row.Received = row.Available+a.Units, row.Received+a.Units
	return tally.Add(tx, row.SKU, row.Warehouse, a.Units)
}

// enter appends an entry to the journal of a stock row, which tx has written or locked,
// so that positions are given out one by one.
func enter(tx *gorm.DB, e entryRow) error {
	err := database.Queue(tx, 1).Exec(`
		INSERT INTO stock_journal (sku, warehouse, position, kind, units, booked_by, reason, reference, booked_at)
		VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM stock_journal WHERE sku = ? AND warehouse = ?), ?, ?, ?, ?, ?, ?)`,
		e.SKU, e.Warehouse, e.SKU, e.Warehouse, e.Kind, e.Units, e.BookedBy, e.Reason, e.Reference, database.Now()).Error
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// Journal implements [inventory.Service].
func (s *Store) Journal(ctx context.Context, sku string) ([]inventory.Entry, error) {
	var rows []entryRow
	if err := s.db.WithContext(ctx).Where("sku = ?", sku).Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read the journal: %w", err))
	}
	entries := make([]inventory.Entry, 0, len(rows))
	for _, r := range rows {
		entries = append(entries, inventory.Entry{
			SKU: r.SKU, Warehouse: r.Warehouse, Position: r.Position, Kind: inventory.EntryKind(r.Kind), Units: r.Units,
			By: r.BookedBy, Reason: r.Reason, Reference: r.Reference, At: r.BookedAt.UTC(),
		})
	}
	slices.SortFunc(entries, func(a, b inventory.Entry) int {
		return cmp.Or(cmp.Compare(a.Warehouse, b.Warehouse), cmp.Compare(a.Position, b.Position))
	})
	return entries, nil
}

type entryRow struct {
	SKU       string `gorm:"column:sku;primaryKey"`
	Warehouse string `gorm:"primaryKey"`
	Position  int64  `gorm:"primaryKey"`
	Kind      string
	Units     int64
	BookedBy  string
	Reason    string
	Reference string
	BookedAt  time.Time
}

func (entryRow) TableName() string { return "stock_journal" }
