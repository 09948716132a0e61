package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/order/store/rows"
)

// Create implements [order.Service].
func (s *Store) Create(ctx context.Context, k key.Key, p order.Placement) (order.Record, error) {
	if err := p.Validate(); err != nil {
		// An existing order is the answer, regardless of this call.
		rec, findErr := find(s.db.WithContext(ctx), k.Saga)
		if fault.CodeOf(findErr) == fault.NotFound {
			return order.Record{}, err
		}
		return rec, database.Fault(findErr)
	}
	row, lines, err := rows.New(k.Saga, p, timeOf(p.PlacedAt))
	if err != nil {
		return order.Record{}, err
	}
	var rec order.Record
	err = database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		// This waits for another open Create. No conflict target, please: with one, a
		// race on the other unique constraint, which also contains the id, is an error
		// on PostgreSQL.
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if res.Error != nil {
			return fmt.Errorf("insert order: %w", res.Error)
		}
		var err error
		if res.RowsAffected == 0 {
			rec, err = placed(ctx, tx, k.Saga)
			return err
		}
		if err := database.Queue(tx, int64(len(lines))).Create(&lines).Error; err != nil {
			return fmt.Errorf("insert order lines: %w", err)
		}
		if rec, err = row.Record(); err != nil {
			return err
		}
		if rec.Style() == order.Choreographed {
			course.Begin(&rec, rec.CreatedAt)
			if err := rows.AddCourse(tx, rec, p.PaymentToken); err != nil {
				return err //nolint:wrapcheck // it names the operation
			}
		}
		return tell(tx, rec, order.PlacedFact)
	})
	if err != nil {
		return order.Record{}, err
	}
	return rec, nil
}

// Confirm implements [order.Service].
func (s *Store) Confirm(ctx context.Context, k key.Key, c order.Closing) (order.Record, error) {
	return s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Confirm(c, timeOf(c.Note.At)) })
}

// Cancel implements [order.Service].
func (s *Store) Cancel(ctx context.Context, k key.Key, c order.Closing) (order.Record, error) {
	return s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Cancel(c, timeOf(c.Note.At)) })
}

// Decide implements [order.Service].
func (s *Store) Decide(ctx context.Context, k key.Key, d order.Decision) (order.Record, error) {
	return s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Decide(d, timeOf(d.At)) })
}

// Note implements [order.Service].
func (s *Store) Note(ctx context.Context, k key.Key, n order.Note) error {
	_, err := s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Note(n), nil })
	return err
}

// Acknowledge implements [order.Service].
func (s *Store) Acknowledge(ctx context.Context, k key.Key, a ledger.Acknowledgement) (order.Record, error) {
	if _, err := s.Get(ctx, k.Saga); err != nil { // an operator can mistype an id, which is not a bug
		return order.Record{}, err
	}
	return s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Acknowledge(a) })
}

// change applies move to an order and writes it if move reports a change. Otherwise it
// tells the status of the order again, as [again] does.
func (s *Store) change(ctx context.Context, id string, move func(*order.Record) (bool, error)) (order.Record, error) {
	return s.changeIn(ctx, id, func(_ *gorm.DB, r *order.Record) (bool, error) { return move(r) })
}

// changeIn is change for a move that writes other rows of the order, too, in its
// transaction.
func (s *Store) changeIn(ctx context.Context, id string, move func(tx *gorm.DB, r *order.Record) (bool, error)) (order.Record, error) {
	return s.changeOr(ctx, id, move, order.Record.Standing)
}

// changeOr is changeIn with another fact to tell again; the zero fact is told never.
func (s *Store) changeOr(
	ctx context.Context, id string, move func(tx *gorm.DB, r *order.Record) (bool, error), repeat func(order.Record) event.Fact[order.Snapshot],
) (order.Record, error) {
	var rec order.Record
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		var row rows.Order
		err := locked(tx).Where("id = ?", id).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fault.Errorf(fault.Bug, fault.NotFound, "order %s was never created", id)
		}
		if err != nil {
			return fmt.Errorf("lock order: %w", err)
		}
		if rec, err = load(tx, row); err != nil {
			return err
		}
		before := rec
		if rec.Course != nil {
			before.Course = new(*rec.Course)
		}
		changed, err := move(tx, &rec)
		switch {
		case err != nil:
			return err
		case !changed:
			return again(ctx, tx, rec, repeat(rec))
		}
		rec.Version++
		if err := row.Take(rec); err != nil {
			return err
		}
		if err := update(tx, row, before.Status); err != nil {
			return err
		}
		if err := rows.WriteCourse(tx, rec); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		return tell(tx, rec, rec.Told(before)...)
	})
	if err != nil {
		return order.Record{}, err
	}
	return rec, nil
}

// locked makes a query lock the rows it reads until tx ends.
func locked(tx *gorm.DB) *gorm.DB { return tx.Clauses(clause.Locking{Strength: "UPDATE"}) }

// timeOf returns the time of a change by the engine's clock, which the saga sends with
// it. The clock of this host only counts for a call without one.
func timeOf(at time.Time) time.Time {
	if at.IsZero() {
		return database.Now()
	}
	return at.UTC().Truncate(time.Microsecond)
}

// update writes a row and, if its status is no longer from, that change.
func update(tx *gorm.DB, row rows.Order, from order.Status) error {
	// The row is locked; the condition repeats the premise of the change.
	res := database.Queue(tx, 1).Model(&row).Where("status = ?", from).
		Select("status", "reason", "total_minor", "total_currency", "view", "changes", "updated_at",
			"needs_attention", "attention", "waivers", "noted_at", "acknowledgements",
			"decided", "decided_at", "version", "refunded_minor", "repairs").Updates(row)
	if res.Error != nil {
		return fmt.Errorf("update order: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.Errorf(fault.Bug, fault.Conflict, "order %s is not %s any more", row.ID, from)
	}
	if row.Status == string(from) {
		return nil
	}
	change := rows.Change{
		OrderID: row.ID, Position: row.Changes,
		FromStatus: string(from), ToStatus: row.Status, Reason: row.Reason, At: row.UpdatedAt,
	}
	if err := database.Queue(tx, 1).Create(&change).Error; err != nil {
		return fmt.Errorf("insert order history: %w", err)
	}
	return nil
}

// find reads an order, or fails with NOT_FOUND.
func find(db *gorm.DB, id string) (order.Record, error) {
	var row rows.Order
	err := db.Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return order.Record{}, fault.Errorf(fault.Business, fault.NotFound, "there is no such order")
	}
	if err != nil {
		return order.Record{}, fmt.Errorf("read order: %w", err)
	}
	return load(db, row)
}

// load returns the order of a row, with its course.
func load(db *gorm.DB, row rows.Order) (order.Record, error) {
	rec, err := row.Record()
	if err == nil {
		err = rows.LoadCourses(db, &rec)
	}
	return rec, err //nolint:wrapcheck // it names the operation
}
