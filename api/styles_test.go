package api

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Place implements [records.Records].
func (r *records) Place(ctx context.Context, id string, p order.Placement, decideAfter time.Duration) (order.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(ctx); err != nil {
			return order.Record{}, err
		}
	}
	rec, ok := r.written[id]
	if !ok {
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		p.Style, p.PlacedAt, p.DecideBy = order.Choreographed, at, at.Add(decideAfter)
		rec = order.Record{ID: id, Status: order.Pending, Placement: p.Redacted(), CreatedAt: at, UpdatedAt: at}
		course.Begin(&rec, at)
		r.written[id] = rec
	}
	return rec, nil
}

// Withdraw implements [records.Records].
func (r *records) Withdraw(ctx context.Context, id string) (order.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(ctx); err != nil {
			return order.Record{}, err
		}
	}
	rec, ok := r.written[id]
	if !ok || rec.Course == nil {
		return order.Record{}, fault.Errorf(fault.Bug, fault.Conflict, "not choreographed")
	}
	_, err := course.Object(&rec, course.Objection{Reason: order.CustomerRequest}, rec.CreatedAt)
	r.written[id] = rec
	return rec, err
}
