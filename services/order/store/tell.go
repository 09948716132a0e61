package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/services/order"
)

// tell tells the facts of an order in the transaction that has locked and written it.
func tell(tx *gorm.DB, rec order.Record, facts ...event.Fact[order.Snapshot]) error {
	events := make([]event.Event, len(facts))
	for i, f := range facts {
		events[i] = f.At(rec.ID, rec.ID, rec.Version, rec.Snapshot())
		if rec.Style() == order.Choreographed {
			events[i].Style = string(order.Choreographed)
		}
	}
	return outbox.Tell(tx, events...) //nolint:wrapcheck // a fault, or the database's error
}

// again tells a fact of a locked order that a call has not changed, if an event caused the
// call: its listener may have missed the first telling. The zero fact is not told.
func again(ctx context.Context, tx *gorm.DB, rec order.Record, fact event.Fact[order.Snapshot]) error {
	if _, caused := event.Cause(ctx); !caused || fact.Name == "" {
		return nil
	}
	return tell(tx, rec, fact)
}

// placed returns an order that exists already, and tells of it as again does.
func placed(ctx context.Context, tx *gorm.DB, id string) (order.Record, error) {
	if _, caused := event.Cause(ctx); !caused {
		return find(tx, id)
	}
	rec, err := find(locked(tx), id) // so that no younger version is told before this one
	if err != nil {
		return order.Record{}, err
	}
	return rec, tell(tx, rec, order.PlacedFact)
}
