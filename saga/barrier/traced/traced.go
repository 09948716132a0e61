// Package traced shows the barrier's decision on a call: on the call's span, and to a
// [Watcher], which a test may have put into the call's context.
package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Watcher is told of the records of the ledger. A transaction that is rolled back later
// has told of them all the same.
type Watcher interface {
	// Found is told in which state a call found the record of its key; empty: none.
	Found(k key.Key, s ledger.State)
	// Became is told of a record's new state.
	Became(k key.Key, s ledger.State)
	// Outside is told that the effect of the key is in an external system.
	Outside(k key.Key)
}

type watcherKey struct{}

// Watch returns a context whose calls w is told of.
func Watch(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

// Found shows the state in which a call found the record of its key. A do that finds one
// is a repeat, or comes late.
func Found(ctx context.Context, k key.Key, s ledger.State) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok {
		w.Found(k, s)
	}
	if span := trace.SpanFromContext(ctx); s != "" && span.IsRecording() {
		span.SetAttributes(attribute.String("amends.found", string(s)))
	}
}

// Became tells the watcher of a record's new state.
func Became(ctx context.Context, k key.Key, s ledger.State) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok {
		w.Became(k, s)
	}
}

// Outside tells the watcher of an effect in an external system.
func Outside(ctx context.Context, k key.Key) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok {
		w.Outside(k)
	}
}
