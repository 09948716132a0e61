package compare

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
)

// Steps has the events that tell the record of each step, by the step's name.
type Steps map[string]func(barrier.Told) ([]event.Event, error)

// Entries is [Sagas] for results that are entries of the ledger. It leaves out entries of
// unknown steps and with outcomes that cannot be read, which the service reports itself.
func Entries(ctx context.Context, db *gorm.DB, r audit.Range, entries []barrier.Entry, steps Steps) (map[string]audit.Telling, error) {
	var results []Result
	for _, e := range entries {
		told, known := steps[e.Key.Step]
		if !known || e.State == barrier.Intent {
			continue
		}
		add := func(result Result, state barrier.State) {
			record := e.Told
			record.State = state
			events, err := told(record)
			if err != nil {
				return
			}
			result.Saga, result.What = e.Key.Saga, fmt.Sprintf("%s is %s", e.Key.Step, state)
			for _, one := range events {
				result.Type, result.Step = one.Type, e.Key
				results = append(results, result)
			}
		}
		if e.State == barrier.Undone && e.Answered() { // when it was done is not recorded
			add(Result{At: e.CreatedAt}, barrier.Done)
		}
		add(Result{At: e.UpdatedAt}, e.State)
	}
	return Sagas(ctx, db, r, results)
}
