// Package implied reads the facts that the rows of the order service imply.
package implied

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/services/order"
)

// Orders is the part of the store that is read.
type Orders interface {
	// List returns the orders that a filter selects, by id.
	List(ctx context.Context, f order.Filter) ([]order.Record, error)
}

// Source returns the facts of orders. Its state facts are those of orders, by id: that each
// was placed, and, if it is decided, its end. Both have the order as it is now. The steps
// of the service have no facts.
func Source(orders Orders) implied.Source {
	return func(ctx context.Context, p implied.Page) ([]event.Event, string, error) { return read(ctx, orders, p) }
}

func read(ctx context.Context, orders Orders, p implied.Page) (facts []event.Event, next string, err error) {
	if err := p.Check(); err != nil || len(p.Sagas) > 0 {
		return nil, "", err //nolint:wrapcheck // a fault
	}
	records, err := orders.List(ctx, order.Filter{After: p.After, Limit: p.Limit})
	if err != nil {
		return nil, "", err
	}
	for _, r := range records {
		facts = append(facts, Facts(r)...)
	}
	if len(records) == p.Limit {
		next = records[p.Limit-1].ID
	}
	return facts, next, nil
}

// Facts returns the state facts of one order.
func Facts(r order.Record) []event.Event {
	placed := order.PlacedFact.At(r.ID, r.ID, r.Version, r.Snapshot())
	placed.Time = r.CreatedAt
	if r.Status == order.Pending {
		return []event.Event{placed}
	}
	ended := r.Standing().At(r.ID, r.ID, r.Version, r.Snapshot())
	ended.Time = r.UpdatedAt
	return []event.Event{placed, ended}
}
