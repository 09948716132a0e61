// Package watch finds the orders that need a person, and says why.
//
// Such an order is either flagged, because its saga has recorded a step that makes
// no progress, or stuck: undecided, and its saga cannot even record that. Flags are
// in the order service's record. Stuck orders are found by asking the engine about
// every order that is undecided for long: its workflow may be gone, its code may
// fail, or no worker may take its tasks.
//
// [Watch] lists both for an operator; [Watch.Meter] measures both for alerts.
package watch

import (
	"context"
	"time"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/services/order"
)

// Orders is the part of the order service's store that the watch reads.
type Orders interface {
	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (order.Record, error)
	// List returns the orders that a filter selects, by id.
	List(ctx context.Context, f order.Filter) ([]order.Record, error)
	// Count returns how many orders a filter selects, whatever its limit.
	Count(ctx context.Context, f order.Filter) (int64, error)
}

// Config describes what is watched, and how.
type Config struct {
	// Orders must be set.
	Orders Orders
	// Engine runs the sagas. Lists of flagged orders do without: nil.
	Engine *engine.Client
	// Queues are the task queues of all services, in the order of their measurement.
	Queues []Queue
	// Words explain codes to operators.
	Words Words
	// ParkAfter is how long a saga lets a step make no progress before it flags the
	// order.
	ParkAfter time.Duration
	// Stuck says when an undecided order counts as stuck.
	Stuck StuckOptions
}

// Queue is the task queue of one service.
type Queue struct {
	Service, Name string
	// Decides reports whether the queue also carries the order workflow's tasks.
	Decides bool
}

// Watch finds the orders that need a person. It is safe for concurrent use.
type Watch struct{ c Config }

// New returns a watch over what c describes.
func New(c Config) *Watch {
	c.Stuck = c.Stuck.withDefaults()
	return &Watch{c}
}
