package event

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/amends/amends/fault"
)

// Event is one thing that happened in one service. [Fact.New] makes one; the outbox
// adds ID, Time, Causation and Trace.
type Event struct {
	// ID is unique for ever: a UUID of version 7. The same fact told again is another
	// event with another ID.
	ID string
	// Type names the fact and its version, for example "amends.order.confirmed.v1".
	Type string
	// Key orders events: those with the same service and key arrive in the order of
	// their commits. It is an order id, a SKU or a user id.
	Key string
	// Time is that of the transaction that told it, in UTC.
	Time time.Time
	// Correlation is the id of the saga that the event belongs to, empty for none.
	Correlation string
	// Causation is the ID of the event that led to this one, empty for none.
	Causation string
	// Style names the way in which the saga goes on if reactions to its events take its
	// steps, see package choreography; empty: a workflow does, or there is no saga. It has
	// small letters and "_" only. An event has that of its cause.
	Style string
	// Hops counts the causes that led to this event, one after the other.
	Hops int
	// Trace is the W3C traceparent of the transaction, empty for none.
	Trace string
	// Sequence is the version of the aggregate that a state fact describes, from 1; a
	// reader keeps the highest and never waits for a gap. It is 0 for other facts.
	Sequence int64
	// Data is the fact's data as JSON.
	Data json.RawMessage
}

// Validate returns nil, or a fault of kind bug with code INVALID if no listener could
// read e.
func (e Event) Validate() error {
	if !e.readable() {
		return fault.Errorf(fault.Bug, fault.Invalid, "event %q of type %q about %q is not an event", e.ID, e.Type, e.Key)
	}
	return nil
}

func (e Event) readable() bool {
	_, _, typed := split(e.Type)
	return typed && e.ID != "" && e.Key != "" && strings.Trim(e.Style, "abcdefghijklmnopqrstuvwxyz_") == ""
}

type causeKey struct{}

// CausedBy returns a context in which e is the cause of every event that is told.
func CausedBy(ctx context.Context, e Event) context.Context {
	return context.WithValue(ctx, causeKey{}, e)
}

// Uncaused returns a context without a cause: a call under it tells nothing again.
func Uncaused(ctx context.Context) context.Context { return context.WithValue(ctx, causeKey{}, nil) }

// Cause returns the event that ctx reacts to, and false if it reacts to none. Under a
// cause a service tells the outcome of a repeated step anew: the first telling may not
// have reached the listener that now asks again.
func Cause(ctx context.Context) (Event, bool) {
	e, ok := ctx.Value(causeKey{}).(Event)
	return e, ok
}
