// Package reservations reads and writes the reservations of sagas, with their lines.
package reservations

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/tally"
)

// All returns all reservations in all states, by key. It reads whole tables, for checking
// invariants.
func All(ctx context.Context, db *gorm.DB) ([]inventory.Record, error) {
	db = db.WithContext(ctx)
	return read(db, db)
}

// Within returns the reservations of a range of sagas in all states, by key.
func Within(ctx context.Context, db *gorm.DB, r audit.Range) ([]inventory.Record, error) {
	db = db.WithContext(ctx)
	return read(pages.Within(db, "saga", r), pages.Within(db, "saga", r))
}

// read returns the reservations that one query finds, with the lines that another one finds.
func read(heads, lines *gorm.DB) ([]inventory.Record, error) {
	var rows []reservationRow
	if err := heads.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read reservations: %w", err)
	}
	// After the reservations: a reservation's lines commit with it and never change.
	var of []lineRow
	if err := lines.Find(&of).Error; err != nil {
		return nil, fmt.Errorf("read reservation lines: %w", err)
	}
	return records(rows, of)
}

// Of returns the reservations of one saga in all states, by key.
func Of(ctx context.Context, db *gorm.DB, saga string) ([]inventory.Reserved, error) {
	db = db.WithContext(ctx)
	all, err := ofSaga(db, saga)
	if err != nil {
		return nil, err
	}
	out, sold := make([]inventory.Reserved, len(all)), false
	for i, r := range all {
		out[i].Record = r
		sold = sold || r.State == inventory.Committed
	}
	if !sold {
		return out, nil
	}
	back, err := tally.HasReturned(db, saga)
	for i := range out {
		out[i].TakenBack = back && out[i].State == inventory.Committed
	}
	return out, err //nolint:wrapcheck // it names the question
}

// Lock returns the reservations of a saga that match the condition, by key, and locks them
// until tx ends.
func Lock(tx *gorm.DB, saga, where string, args ...any) ([]inventory.Record, error) {
	return ofSaga(tx.Clauses(clause.Locking{Strength: "UPDATE", Table: clause.Table{Name: "r"}}).Where(where, args...), saga)
}

// ofSaga reads the reservations of a saga that q finds. One statement reads their lines, too,
// which never change.
func ofSaga(q *gorm.DB, saga string) ([]inventory.Record, error) {
	var joined []struct {
		Row  reservationRow `gorm:"embedded"`
		Line lineRow        `gorm:"embedded;embeddedPrefix:line_"`
	}
	err := q.Table("reservations AS r").
		Select(`r.*, l.saga AS line_saga, l.step AS line_step, l.generation AS line_generation,
			l.sku AS line_sku, l.warehouse AS line_warehouse, l.quantity AS line_quantity`).
		Joins("JOIN reservation_lines AS l ON l.saga = r.saga AND l.step = r.step AND l.generation = r.generation").
		Where("r.saga = ?", saga).Order("r.step, r.generation").Find(&joined).Error
	if err != nil {
		return nil, fmt.Errorf("read the saga's reservations: %w", err)
	}
	var rows []reservationRow
	lines := make([]lineRow, 0, len(joined))
	for _, j := range joined {
		if n := len(rows); n == 0 || rows[n-1].Step != j.Row.Step || rows[n-1].Generation != j.Row.Generation {
			rows = append(rows, j.Row)
		}
		lines = append(lines, j.Line)
	}
	return records(rows, lines)
}
