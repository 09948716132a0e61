// Package tally adds up the inventory's stock, its reservations and its journal, and knows
// the names that are in stock.
package tally

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/inventory"
)

// maxWrong is the maximum number of wrong rows that are reported one by one.
const maxWrong = 100

// Wrong describes the errors of the stock of db as a whole.
func Wrong(ctx context.Context, db *gorm.DB) ([]string, error) {
	var rows []struct {
		Stock inventory.Stock `gorm:"embedded"`
		Held  int64
		Sold  int64
		Total int64 // of the journal
	}
	// One statement is one snapshot on both databases, and takes no locks.
	err := db.WithContext(ctx).Raw(`
		SELECT stock.*, coalesce(r.held, 0) AS held, coalesce(r.sold, 0) AS sold, coalesce(j.total, 0) AS total
		FROM stock LEFT JOIN (
			SELECT sku, warehouse, CAST(sum(units) AS bigint) AS total FROM stock_journal GROUP BY sku, warehouse
		) AS j ON j.sku = stock.sku AND j.warehouse = stock.warehouse
		LEFT JOIN (
			SELECT l.sku, l.warehouse,
				CAST(sum(CASE WHEN h.state = @held THEN l.quantity ELSE 0 END) AS bigint) AS held,
				CAST(sum(CASE WHEN h.state = @sold THEN l.quantity ELSE 0 END) AS bigint) AS sold
			FROM reservation_lines AS l
			JOIN reservations AS h ON h.saga = l.saga AND h.step = l.step AND h.generation = l.generation
			WHERE h.state <> @released
			GROUP BY l.sku, l.warehouse
		) AS r ON r.sku = stock.sku AND r.warehouse = stock.warehouse
		WHERE available < 0 OR reserved < 0 OR committed < 0 OR available + reserved + committed <> received
			OR reserved <> coalesce(r.held, 0) OR committed <> coalesce(r.sold, 0)
			OR received <> coalesce(j.total, 0)
		ORDER BY stock.sku, stock.warehouse LIMIT @limit`,
		map[string]any{"held": inventory.Held, "sold": inventory.Committed, "released": inventory.Released, "limit": maxWrong}).
		Scan(&rows).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("audit stock: %w", err))
	}
	var wrong []string
	for _, r := range rows {
		where := fmt.Sprintf("%s in %s", r.Stock.SKU, r.Stock.Warehouse)
		if r.Stock.Available+r.Stock.Reserved+r.Stock.Committed != r.Stock.Received || min(r.Stock.Available, r.Stock.Reserved, r.Stock.Committed) < 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %d available + %d reserved + %d committed, but %d received",
				where, r.Stock.Available, r.Stock.Reserved, r.Stock.Committed, r.Stock.Received))
		}
		if r.Stock.Reserved != r.Held || r.Stock.Committed != r.Sold {
			wrong = append(wrong, fmt.Sprintf("%s: %d reserved and %d committed, but the reservations say %d and %d",
				where, r.Stock.Reserved, r.Stock.Committed, r.Held, r.Sold))
		}
		if r.Stock.Received != r.Total {
			wrong = append(wrong, fmt.Sprintf("%s: %d received, but the journal explains %d", where, r.Stock.Received, r.Total))
		}
	}
	return wrong, nil
}

// Add adds units to the available stock of a row, which tx has locked.
func Add(tx *gorm.DB, sku, warehouse string, units int64) error {
	err := database.Queue(tx, 1).Exec(`UPDATE stock SET available = available + ?, received = received + ?, version = version + 1
		WHERE sku = ? AND warehouse = ?`, units, units, sku, warehouse).Error
	if err != nil {
		return fmt.Errorf("add to the stock: %w", err)
	}
	return nil
}

// SetBack sets the stock of a SKU in a warehouse back to the counters that its journal and the
// reservations explain, and returns them. tx has locked the row, so that no reservation changes one
// of the two meanwhile. Every reservation of the SKU is read. A journal with fewer units than are
// reserved or sold is refused with TOO_FEW.
func SetBack(tx *gorm.DB, sku, warehouse string) (available, reserved, committed, received int64, err error) {
	var s inventory.Stock
	names := map[string]any{"held": inventory.Held, "sold": inventory.Committed, "released": inventory.Released, "sku": sku, "warehouse": warehouse}
	err = tx.Raw(`
		SELECT CAST(coalesce(sum(CASE WHEN h.state = @held THEN l.quantity ELSE 0 END), 0) AS bigint) AS reserved,
			CAST(coalesce(sum(CASE WHEN h.state = @sold THEN l.quantity ELSE 0 END), 0) AS bigint) AS committed,
			(SELECT CAST(coalesce(sum(units), 0) AS bigint) FROM stock_journal WHERE sku = @sku AND warehouse = @warehouse) AS received
		FROM reservation_lines AS l
		JOIN reservations AS h ON h.saga = l.saga AND h.step = l.step AND h.generation = l.generation
		WHERE h.state <> @released AND l.sku = @sku AND l.warehouse = @warehouse`, names).Scan(&s).Error
	if err != nil {
		return 0, 0, 0, 0, fmt.Errorf("explain the stock: %w", err)
	}
	if s.Available = s.Received - s.Reserved - s.Committed; s.Available < 0 {
		return 0, 0, 0, 0, fault.Errorf(fault.Business, inventory.TooFew,
			"the journal of %q in %s has %d units, and %d are reserved or sold: book the missing ones first", sku, warehouse, s.Received, s.Reserved+s.Committed)
	}
	err = tx.Exec(`UPDATE stock SET available = ?, reserved = ?, committed = ?, received = ?, version = version + 1
		WHERE sku = ? AND warehouse = ?`, s.Available, s.Reserved, s.Committed, s.Received, sku, warehouse).Error
	if err != nil {
		return 0, 0, 0, 0, fmt.Errorf("set the stock back: %w", err)
	}
	return s.Available, s.Reserved, s.Committed, s.Received, nil
}

func returns(db *gorm.DB) *gorm.DB {
	return db.Table("stock_journal").Where("kind = ?", inventory.Returned)
}

// HasReturned reports whether the goods of a saga came back. A caller who lets them come back
// has locked the saga's reservations.
func HasReturned(db *gorm.DB, saga string) (bool, error) {
	var entries int64
	if err := returns(db).Where("reference = ?", saga).Count(&entries).Error; err != nil {
		return false, fmt.Errorf("find earlier returns: %w", err)
	}
	return entries > 0, nil
}

// Returned returns how many units of each saga of r came back.
func Returned(ctx context.Context, db *gorm.DB, r audit.Range) (map[string]int64, error) {
	var rows []struct {
		Reference string
		Units     int64
	}
	err := pages.Within(returns(db.WithContext(ctx)), "reference", r).Select("reference, CAST(sum(units) AS bigint) AS units").Group("reference").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read returns: %w", err)
	}
	units := make(map[string]int64, len(rows))
	for _, row := range rows {
		units[row.Reference] = row.Units
	}
	return units, nil
}

// Known refuses a delivery whose SKU or warehouse is new, and names them. Stock is
// never deleted, so a name that is known stays known.
func Known(tx *gorm.DB, d inventory.Delivery) error {
	var unknown []string
	for _, name := range []struct{ noun, column, value string }{
		{"SKU", "sku", d.SKU}, {"warehouse", "warehouse", d.Warehouse},
	} {
		var n int64
		if err := tx.Table("stock").Where(name.column+" = ?", name.value).Limit(1).Count(&n).Error; err != nil {
			return fmt.Errorf("find %s: %w", name.noun, err)
		}
		if n == 0 {
			unknown = append(unknown, name.noun+" "+strconv.Quote(name.value))
		}
	}
	if len(unknown) > 0 {
		return fault.Errorf(fault.Business, inventory.NeverReceived, "%s: never received before", strings.Join(unknown, " and "))
	}
	return nil
}
