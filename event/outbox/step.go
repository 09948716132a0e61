package outbox

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
)

// Step says which events tell the record of a step with outcome Out. A nil function
// tells none.
type Step[Out any] struct {
	// Done tells the outcome.
	Done func(k key.Key, out Out) []event.Event
	// Refused tells the code of the refusal.
	Refused func(k key.Key, code fault.Code) []event.Event
	// Ended tells that the step has no effect any more and never will: it is undone, and
	// out was its outcome, or it is blocked, and out is zero.
	Ended func(k key.Key, out Out) []event.Event
}

// Tell returns the hook for the verbs of package barrier. A repeated call tells only
// under a cause, see [event.Cause]: the listener that calls again may have missed the
// first telling.
func (s Step[Out]) Tell(ctx context.Context) barrier.Tell {
	_, caused := event.Cause(ctx)
	return func(tx *gorm.DB, t barrier.Told) error {
		if t.Repeat && !caused {
			return nil
		}
		events, err := s.Events(t)
		if err != nil {
			return err
		}
		return Tell(tx, events...)
	}
}

// Undo is Tell for the verbs of an undo: it does not tell an outcome that is about to be
// taken back.
func (s Step[Out]) Undo(ctx context.Context) barrier.Tell {
	s.Done = nil
	return s.Settle(ctx)
}

// Settle is Tell for the verbs of a settle. A caller that wants to know whether a step has
// an effect learns of a refused one that it has none.
func (s Step[Out]) Settle(ctx context.Context) barrier.Tell {
	if ended := s.Ended; ended != nil {
		s.Refused = func(k key.Key, _ fault.Code) []event.Event {
			var none Out
			return ended(k, none)
		}
	}
	return s.Tell(ctx)
}

// Again is Tell for [barrier.Recall], which only repeats: without a cause it is empty.
func (s Step[Out]) Again(ctx context.Context) []barrier.Tell {
	if _, caused := event.Cause(ctx); !caused {
		return nil
	}
	return []barrier.Tell{s.Tell(ctx)}
}

// Events returns the events that tell the record t, without the attributes that [Tell]
// sets. An outcome that is no Out is a fault of kind bug.
func (s Step[Out]) Events(t barrier.Told) ([]event.Event, error) {
	var out Out
	if t.Outcome != "" {
		if err := json.Unmarshal([]byte(t.Outcome), &out); err != nil {
			return nil, fault.Errorf(fault.Bug, fault.Internal, "%s: its outcome is no %T: %w", t.Key, out, err)
		}
	}
	switch {
	case t.State == barrier.Done && s.Done != nil:
		return s.Done(t.Key, out), nil
	case t.State == barrier.Refused && s.Refused != nil:
		return s.Refused(t.Key, t.Code), nil
	case (t.State == barrier.Undone || t.State == barrier.Blocked) && s.Ended != nil:
		return s.Ended(t.Key, out), nil
	}
	return nil, nil
}
