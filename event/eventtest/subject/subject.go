// Package subject describes a choreographed saga to the explorer.
package subject

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// Subject is a choreographed saga with everything it works on: the real services on
// databases of their own, whose listeners are in the stage's registry. One goroutine uses it, for
// one schedule after the other.
type Subject interface {
	// Reset restores everything to its state before the first schedule.
	Reset(ctx context.Context) error
	// Begin begins the saga.
	Begin(ctx context.Context) error
	// Told returns the events that the services have told since the last call, in the
	// order in which they are to be published. An error is a broken promise, too.
	Told(ctx context.Context) ([]event.Event, error)
	// Remind lets the time pass after which a saga that makes no progress is reminded of its
	// newest fact, and has the clock look at it.
	Remind(ctx context.Context) error
	// Ended reports whether the saga has ended.
	Ended(ctx context.Context) (bool, error)
	// Check returns every broken promise, judged after the end.
	Check(ctx context.Context, end End) error
}

// Canceler is a [Subject] that a customer can cancel.
type Canceler interface {
	// Cancel cancels the saga, which may be too late.
	Cancel(ctx context.Context) error
}

// Expirer is a [Subject] with a deadline.
type Expirer interface {
	// Expire lets the deadline pass, and has the clock look at the saga.
	Expire(ctx context.Context) error
}

// Refuser is a [Subject] whose services can refuse a step.
type Refuser interface {
	// Refusable returns the reactions whose steps can be refused ("payment:catalog.quoted").
	Refusable() []string
	// Refuse makes the next step of the reaction be refused for a business reason, if it
	// has not been decided yet.
	Refuse(ctx context.Context, reaction string) error
}

// Disturber is a [Subject] whose surroundings can change beside the saga.
type Disturber interface {
	// Disturb changes a thing that the saga must not depend on once it has decided, such
	// as prices.
	Disturb(ctx context.Context) error
}

// Reporter is a [Subject] whose services tell others of the events that they fail to react
// to, see choreography.Graph.Report.
type Reporter interface {
	// Report tells how an event stands that the group has failed to react to, and reports
	// whether it has told anything. To tell that one is broken handles it.
	Report(ctx context.Context, group string, e event.Event, t event.Trouble) (told bool, err error)
}

// End is how a saga ended.
type End struct {
	// Faults are those that hit.
	Faults schedule.Schedule
	// Calls are all calls, in order.
	Calls []string
	// Helped are the reactions whose dead letters an operator had to redrive before the
	// saga ended.
	Helped []string
}
