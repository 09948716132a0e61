package symptom

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// still is how long a choreographed order may make no progress, and be undecided after its
// decide-by time, before it counts as stuck.
const still = time.Minute

// Silence is when each listener that is far behind was told the oldest event that it has not
// handled, by its name.
type Silence map[string]time.Time

// choreographed returns the symptoms of an order that no workflow takes on: its record says
// when it last made progress, and the broker who does not listen. A flagged order has a
// reason already.
func (e *Examiner) choreographed(ctx context.Context, o Order) (found []Symptom) {
	if o.Flagged {
		return nil
	}
	if !o.DecideBy.IsZero() && e.c.Now.Sub(o.DecideBy) > still {
		found = append(found, Symptom{Late, "its decide-by time has passed, and it is neither decided nor flagged", o.DecideBy})
	}
	if e.c.Now.Sub(o.HeardAt) > still {
		found = append(found, Symptom{Unheard, "no service has gone on from " + o.Waits + e.silent(ctx), o.HeardAt})
	}
	return found
}

// silent names the listeners that are far behind. It asks once.
func (e *Examiner) silent(ctx context.Context) (words string) {
	if e.c.Unheard == nil {
		return "; `amends events listeners` names the services that do not listen"
	}
	if e.silence == nil {
		ctx, cancel := context.WithTimeout(ctx, questionTimeout)
		defer cancel()
		all, err := e.c.Unheard(ctx)
		if err != nil {
			return ", and the broker does not say who listens"
		}
		e.silence = &all
	}
	for _, name := range slices.Sorted(maps.Keys(*e.silence)) {
		words += fmt.Sprintf("; %s has not handled an event of %s: no process of it listens, or it cannot keep up",
			name, (*e.silence)[name].UTC().Format(time.RFC3339))
	}
	return words
}
