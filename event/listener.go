package event

import (
	"context"
	"slices"
)

// Listener is a service that follows facts of others.
type Listener struct {
	// Group is the name under which the broker remembers what was heard: that of the
	// listening service. It is unique.
	Group string
	// Facts are those that it follows.
	Facts []Declaration
	// Style restricts it to events of sagas of that style, see [Event.Style]; the broker
	// gives it no others. Empty: it follows those of all.
	Style string
	// Handle reacts to one event, under a context with it as the [Cause]. A repeat of
	// the event must have no second effect. Business and suspended faults are outcomes
	// like nil. Transient and unknown ones, and errors that are no fault, are tried
	// again without limit, and a bug is parked: meanwhile later events of the same key
	// wait behind it, except urgent ones.
	Handle func(ctx context.Context, e Event) error
}

// Topics returns the topics of the facts that it follows, each once: all versions of a
// fact share one.
func (l Listener) Topics() (all []string) {
	for _, f := range l.Facts {
		if topic := f.TopicOf(l.Style); !slices.Contains(all, topic) {
			all = append(all, topic)
		}
	}
	return all
}
