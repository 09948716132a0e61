package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/order/store/rows"
)

var (
	_ course.Service  = (*Store)(nil)
	_ course.Requests = (*Store)(nil)
)

// Facts that a method tells again for an order that it has not changed.
var (
	none   event.Fact[order.Snapshot]
	silent = func(order.Record) event.Fact[order.Snapshot] { return none }
)

// when returns fact for an order that it describes, otherwise none.
func when(fact event.Fact[order.Snapshot]) func(order.Record) event.Fact[order.Snapshot] {
	return func(r order.Record) event.Fact[order.Snapshot] {
		if r.Newest().Name == fact.Name {
			return fact
		}
		return none
	}
}

// move changes a choreographed order.
func (s *Store) move(
	ctx context.Context, id string, repeat func(order.Record) event.Fact[order.Snapshot], f func(r *order.Record, now time.Time) (bool, error),
) (order.Record, error) {
	return s.changeOr(ctx, id, func(_ *gorm.DB, r *order.Record) (bool, error) {
		if r.Course == nil {
			return false, fault.Errorf(fault.Bug, fault.Conflict, "order %s is %s", id, r.Style())
		}
		return f(r, database.Now())
	}, repeat)
}

// quietly is move for a change that is not told again if it was made before.
func (s *Store) quietly(ctx context.Context, id string, f func(r *order.Record, now time.Time) (bool, error)) (order.Record, error) {
	return s.move(ctx, id, silent, f)
}

// kept is quietly for an order of any style.
func (s *Store) kept(ctx context.Context, id string, f func(r *order.Record, now time.Time) (bool, error)) (order.Record, error) {
	return s.changeOr(ctx, id, func(_ *gorm.DB, r *order.Record) (bool, error) { return f(r, database.Now()) }, silent)
}

// Place implements [course.Requests].
func (s *Store) Place(ctx context.Context, id string, p order.Placement, decideAfter time.Duration) (order.Record, error) {
	if id == "" {
		return order.Record{}, fault.Errorf(fault.Business, fault.Invalid, "a placement has an id")
	}
	now := database.Now()
	p.Style, p.PlacedAt, p.DecideBy = order.Choreographed, now, now.Add(decideAfter)
	return redacted(s.Create(ctx, key.New(id, "order.create"), p))
}

// Withdraw implements [course.Requests].
func (s *Store) Withdraw(ctx context.Context, id string) (order.Record, error) {
	return redacted(s.Object(ctx, id, course.Objection{Reason: order.CustomerRequest}))
}

// Quoted implements [course.Service].
func (s *Store) Quoted(ctx context.Context, id string, q order.Quote, heard ...order.TakenStep) error {
	_, err := s.quietly(ctx, id, func(r *order.Record, now time.Time) (bool, error) { return course.KeepQuote(r, q, now, heard...), nil })
	return err
}

// Booked implements [course.Service].
func (s *Store) Booked(ctx context.Context, id string, parcels []order.Parcel, heard ...order.TakenStep) error {
	_, err := s.quietly(ctx, id, func(r *order.Record, now time.Time) (bool, error) {
		return course.KeepParcels(r, parcels, now, heard...), nil
	})
	return err
}

// Object implements [course.Service].
func (s *Store) Object(ctx context.Context, id string, o course.Objection) (order.Record, error) {
	return s.move(ctx, id, when(order.AbortAskedFact), func(r *order.Record, now time.Time) (bool, error) { return course.Object(r, o, now) })
}

// Abort implements [course.Service].
func (s *Store) Abort(ctx context.Context, id string, settled order.TakenStep) (order.Record, error) {
	return s.move(ctx, id, when(order.AbortedFact), func(r *order.Record, now time.Time) (bool, error) { return course.Abort(r, settled, now) })
}

// Reported implements [course.Service].
func (s *Store) Reported(ctx context.Context, id string, p course.Report) error {
	_, err := s.move(ctx, id, silent, func(r *order.Record, now time.Time) (bool, error) { return course.Reported(r, p, now), nil })
	return err
}

// Release implements [course.Service].
func (s *Store) Release(ctx context.Context, id string, free course.News) (order.Record, error) {
	return s.move(ctx, id, when(order.CancelledFact), func(r *order.Record, now time.Time) (bool, error) {
		changed := course.Release(r, free.Service, now, free.Step)
		if r.Status != order.Pending || r.Decided == "" || course.Holds(*r, free.Of...) {
			return changed, nil
		}
		end, err := course.Closing(*r, order.Cancelled, now)
		if err != nil {
			return false, err //nolint:wrapcheck // a fault
		}
		return r.Cancel(end, now) //nolint:wrapcheck // a fault
	})
}

// Complete implements [course.Service].
func (s *Store) Complete(ctx context.Context, id string, heard ...order.TakenStep) (order.Record, error) {
	return s.move(ctx, id, when(order.ConfirmedFact), func(r *order.Record, now time.Time) (bool, error) { return course.Complete(r, now, heard...) })
}

// Remind does the clock's part for an order, see [course.Remind]: it tells
// order.abort_asked of an order that is late, and the newest fact of any other that is due
// again.
func (s *Store) Remind(ctx context.Context, id string, now time.Time) error {
	_, err := s.quietly(ctx, id, func(r *order.Record, _ time.Time) (bool, error) { return course.Remind(r, now) })
	return err
}

// Due returns the ids of choreographed orders that the clock must look at, greater than
// after, by id, up to limit.
func (s *Store) Due(ctx context.Context, now time.Time, after string, limit int) ([]string, error) {
	ids, err := rows.Due(s.db.WithContext(ctx), now, after, limit)
	return ids, database.Fault(err)
}
