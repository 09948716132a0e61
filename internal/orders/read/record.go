package read

import (
	"fmt"

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
