package compare

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
)

// Source returns the facts that the ledger of db implies, of a service that has no state
// facts.
func Source(db *gorm.DB, steps Steps) implied.Source {
	return func(ctx context.Context, p implied.Page) ([]event.Event, string, error) {
		if err := p.Check(); err != nil || len(p.Sagas) == 0 {
			return nil, "", err //nolint:wrapcheck // a fault
		}
		facts, err := Implied(ctx, db, p.Sagas, steps)
		if err != nil {
			return nil, "", fault.Errorf(fault.Transient, fault.Internal, "read the facts of sagas: %w", err)
		}
		return facts, "", nil
	}
}

// Implied returns the events that tell the entries of some sagas in the ledger of db, with
// the time of the entry, whether or not they were told. Entries of unknown steps tell
// nothing.
func Implied(ctx context.Context, db *gorm.DB, sagas []string, steps Steps) ([]event.Event, error) {
	entries, err := barrier.Entries(ctx, db, audit.Range{Sagas: sagas})
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	var all []event.Event
	for _, e := range entries {
		told, known := steps[e.Key.Step]
		if !known || e.State == barrier.Intent {
			continue
		}
		records := []barrier.Told{e.Told}
		if e.State == barrier.Undone && e.Answered() {
			before := e.Told
			before.State = barrier.Done
			records = []barrier.Told{before, e.Told}
		}
		for i, record := range records {
			events, err := told(record)
			if err != nil {
				return nil, fmt.Errorf("facts of %s: %w", e.Key, err)
			}
			for _, one := range events {
				if one.Time = e.UpdatedAt; i < len(records)-1 { // when it was done is not recorded
					one.Time = e.CreatedAt
				}
				all = append(all, one)
			}
		}
	}
	return all, nil
}
