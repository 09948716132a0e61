package read

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// OfRecord returns an order as its record has it.
func OfRecord(r order.Record) (Snapshot, error) {
	view, err := workflows.RecordView(r)
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
	found, err := OfRecord(rec)
	if err == nil && !found.Decided() {
		flag(&found.OrderView, "MISSING", found.UpdatedAt)
	}
	return found, err
}
