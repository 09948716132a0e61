package read

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
)

// OfRecord returns an order as its record has it.
func OfRecord(r order.Record) (Snapshot, error) {
	var unseen error
	if r.Course != nil && r.Status == order.Pending {
		r.View, unseen = course.View(r)
	}
	view, err := workflows.RecordView(r)
	err = errors.Join(unseen, err)
	if err != nil {
		return Snapshot{}, fmt.Errorf("show the record of order %s: %w", r.ID, err)
	}
	return Snapshot{OrderView: view, Source: FromRecord}, nil
}

const unreadable = "The order cannot be read right now."

// forgotten returns the record of an order whose workflow the engine does not know: it
// forgets those that have ended. An order that the service does not know either is unknown.
// While the service does not answer, that is not known.
func (r *Reader) forgotten(ctx context.Context, id string, unknown error) (Snapshot, error) {
	if r.records == nil {
		return Snapshot{}, unknown
	}
	rec, err := r.records.Get(ctx, id)
	switch {
	case records.Missing(err):
		return Snapshot{}, unknown
	case err != nil:
		return Snapshot{}, call.Unavailable(unreadable, err)
	}
	return Forgotten(rec)
}

// Forgotten returns an order whose workflow the engine does not know, as its record has it.
// An undecided one is flagged, because nothing works on it; a choreographed one, which never
// has a workflow, only if it makes no progress.
func Forgotten(rec order.Record) (Snapshot, error) {
	if rec.Course != nil {
		return standing(rec)
	}
	found, err := OfRecord(rec)
	if err == nil && !found.Decided() {
		flag(&found.OrderView, fault.Bug, "MISSING", found.UpdatedAt)
	}
	return found, err
}

// standing returns a choreographed order. One that makes no progress, without a flag that
// says why, is flagged: nothing else shows it. Its services were reminded of it since, by the
// clock of the order service.
func standing(r order.Record) (Snapshot, error) {
	found, err := OfRecord(r)
	if err == nil && !found.Decided() && !found.NeedsAttention && r.Course.Reminders > 0 {
		flag(&found.OrderView, fault.Transient, "STANDS", course.HeardAt(r))
	}
	return found, err
}

// unasked returns the record of a choreographed order, which needs no engine, while the
// engine does not answer.
func (r *Reader) unasked(ctx context.Context, id string, unanswered error) (Snapshot, error) {
	if !r.records.Answer() {
		return Snapshot{}, unanswered
	}
	rec, err := r.records.Get(ctx, id)
	if err != nil || rec.Style() != order.Choreographed {
		return Snapshot{}, unanswered
	}
	return standing(rec)
}

// The pauses between two looks at the record of an order that is waited for.
const firstLook, lastLook = 10 * time.Millisecond, 100 * time.Millisecond

// errUndecided is the error of a look at an order that is to be waited for.
var errUndecided = errors.New("the order is not decided")

// AwaitRecord returns a choreographed order as soon as its record is as enough wants it, and
// false if ctx ends before.
func (r *Reader) AwaitRecord(ctx context.Context, id string, enough func(order.Record) bool) (Snapshot, bool) {
	if r.records == nil {
		return Snapshot{}, false
	}
	var found Snapshot
	err := background.Retry{First: firstLook, Most: lastLook}.Do(ctx, func(ctx context.Context) error {
		rec, err := r.records.Get(ctx, id)
		if err == nil && !enough(rec) {
			err = errUndecided
		}
		if err == nil {
			found, err = OfRecord(rec)
		}
		return err
	})
	return found, err == nil
}
