package store

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

var _ inventory.Auditor = (*Store)(nil)

// Audit implements [inventory.Auditor].
func (s *Store) Audit(ctx context.Context, r key.Range) (inventory.AuditPage, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r key.Range) (inventory.AuditPage, error) {
	r, more, err := barrier.Cut(ctx, s.db, r, "reservations")
	if err != nil {
		return inventory.AuditPage{}, err
	}
	standings, err := barrier.Standings(ctx, s.db, r)
	if err != nil {
		return inventory.AuditPage{}, err
	}
	var rows []auditRow
	err = barrier.Within(s.db.WithContext(ctx).Table("reservations AS r"), "r.saga", r).
		Joins("LEFT JOIN reservation_lines AS l ON l.saga = r.saga AND l.step = r.step AND l.generation = r.generation").
		Select("r.saga, r.step, r.generation, r.state, r.created_at, " +
			"CAST(coalesce(sum(l.quantity), 0) AS bigint) AS units, count(DISTINCT l.warehouse) AS warehouses").
		Group("r.saga, r.step, r.generation, r.state, r.created_at").
		Order("r.saga, r.step, r.generation").Find(&rows).Error
	if err != nil {
		return inventory.AuditPage{}, fmt.Errorf("sum up reservations: %w", err)
	}
	page := inventory.AuditPage{Facts: facts(standings, rows)}
	if more {
		page.Next = r.To
	}
	return page, nil
}

// auditRow is a reservation and the sum of its lines.
type auditRow struct {
	Saga       string
	Step       string
	Generation int
	State      inventory.State
	CreatedAt  time.Time
	Units      int64
	Warehouses int
}

// facts joins the barrier's rows and the reservations, both by saga.
func facts(standings []barrier.Standing, rows []auditRow) []inventory.Fact {
	var all []inventory.Fact
	of := map[string]int{}
	fact := func(saga string, at time.Time) *inventory.Fact {
		i, ok := of[saga]
		if !ok {
			i = len(all)
			of[saga], all = i, append(all, inventory.Fact{Saga: saga, Since: at})
		}
		f := &all[i]
		if at.Before(f.Since) {
			f.Since = at
		}
		return f
	}
	recorded := map[key.Key]barrier.Standing{}
	for _, st := range standings {
		fact(st.Key.Saga, st.CreatedAt)
		recorded[st.Key] = st
	}
	seen := map[key.Key]bool{}
	for _, r := range rows {
		k := key.Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
		seen[k] = true
		f, st := fact(r.Saga, r.CreatedAt.UTC()), recorded[k]
		if r.State != inventory.Released {
			f.Stock = append(f.Stock, inventory.StockFact{
				Step: r.Step, State: r.State, Units: r.Units, Warehouses: r.Warehouses, Undoable: st.Undoable(),
			})
		}
		if want := barrierOf(r.State); st.State != want {
			f.Wrong = append(f.Wrong, fmt.Sprintf("the reservation of %s is %s, its barrier is %s", k.Step, r.State, orNone(st.State)))
		}
	}
	for _, st := range standings { // those with an effect in our tables that is not there
		if st.Key.Step == reserveStep && st.Undoable() && !seen[st.Key] {
			f := fact(st.Key.Saga, st.CreatedAt)
			f.Wrong = append(f.Wrong, fmt.Sprintf("the barrier of %s is %s, there is no reservation", st.Key.Step, st.State))
		}
	}
	return all
}

// reserveStep is the step whose key names a reservation.
const reserveStep = "inventory.reserve"

// barrierOf is the state of a reservation's barrier row: the reservation of a
// step that is done is held, or sold by another step.
func barrierOf(s inventory.State) barrier.State {
	if s == inventory.Released {
		return barrier.Undone
	}
	return barrier.Done
}

func orNone(s barrier.State) string {
	if s == "" {
		return "not there"
	}
	return string(s)
}

// maxWrong is how many rows that are wrong are told of one by one.
const maxWrong = 100

// AuditStock implements [inventory.Auditor].
func (s *Store) AuditStock(ctx context.Context) ([]string, error) {
	var rows []struct {
		Stock stockRow `gorm:"embedded"`
		Held  int64
		Sold  int64
	}
	// One statement is one snapshot on either engine, and takes no locks.
	err := s.db.WithContext(ctx).Raw(`
		SELECT stock.*, coalesce(r.held, 0) AS held, coalesce(r.sold, 0) AS sold
		FROM stock LEFT JOIN (
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
	}
	return wrong, nil
}
