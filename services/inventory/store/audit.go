package store

import (
	"context"
	"fmt"

	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/inventory/store/facts"
	"github.com/amends/amends/services/inventory/store/step"
)

var _ inventoryaudit.Auditor = (*Store)(nil)

// Audit implements [inventoryaudit.Auditor].
func (s *Store) Audit(ctx context.Context, r audit.Range) (inventoryaudit.Page, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r audit.Range) (inventoryaudit.Page, error) {
	r, more, err := pages.Cut(ctx, s.db, r, "reservations")
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	entries, err := barrier.Entries(ctx, s.db, r)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	var rows []reservationRow
	if err := pages.Within(s.db.WithContext(ctx), "saga", r).Find(&rows).Error; err != nil {
		return inventoryaudit.Page{}, fmt.Errorf("read reservations: %w", err)
	}
	// After the reservations, as in Reservations.
	var lines []lineRow
	if err := pages.Within(s.db.WithContext(ctx), "saga", r).Find(&lines).Error; err != nil {
		return inventoryaudit.Page{}, fmt.Errorf("read reservation lines: %w", err)
	}
	reserved, err := records(rows, lines)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	telling, err := compare.Entries(ctx, s.db, r, entries, step.Steps)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	page := inventoryaudit.Page{Facts: facts.Of(entries, reserved)}
	for i := range page.Facts {
		page.Facts[i].Telling = telling[page.Facts[i].Saga]
	}
	if more {
		page.Next = r.To
	}
	return page, nil
}

// maxWrong is the maximum number of wrong rows that are reported one by one.
const maxWrong = 100

// AuditStock implements [inventoryaudit.Auditor].
func (s *Store) AuditStock(ctx context.Context) ([]string, error) {
	var rows []struct {
		Stock stockRow `gorm:"embedded"`
		Held  int64
		Sold  int64
		Total int64 // of the journal
	}
	// One statement is one snapshot on both databases, and takes no locks.
	err := s.db.WithContext(ctx).Raw(`
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
