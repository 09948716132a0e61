package saga

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Options configure one saga.
type Options struct {
	// ID is the saga's id: a business key, for example an order id. It is part of
	// every idempotency key, so it must be the same after a reset; never a run id,
	// never random.
	ID string
	// Generation is part of every idempotency key, too: it tells apart the sagas that take
	// the same step for one id on purpose, such as the refunds of an order. Like ID it
	// must be the same after a reset. Default 0; never negative.
	Generation int
	// Plan lists every step that the saga may take.
	Plan Plan
	// DecideBy is the time at which an undecided saga is aborted, with reason
	// DEADLINE; zero: never. It is a time of the engine's clock: derive it from the
	// workflow's start, which a reset keeps, and never from the clock of a caller.
	DecideBy time.Time
	// Queues maps a step's Queue to a task queue. A Queue without an entry is the name
	// of its task queue.
	Queues map[string]string
	// Timing are the limits and intervals; the zero value is [DefaultTiming].
	Timing Timing
	// Express names the steps whose first try is made by the worker that runs the
	// workflow, which calls their services itself, see [BindTry]; a try that does not
	// succeed at once goes the durable way, under the same key. Such a saga may end
	// within one workflow task, so a query or an update waits for at most three seconds.
	// The commands of a run depend on the names: they must be part of the workflow's
	// input. The body of an express saga may wait for its steps only, because without a
	// durable one nothing wakes it at DecideBy. nil: every step is durable at once.
	Express []string
	// Aborted runs the closing steps of the aborted end, when every compensatable
	// step is undone or waived; nil: none. The decision is this run's: a later run, after a
	// reset, may be aborted for another reason. A step that gets the reason is then another
	// request under the same key, which its service refuses as a bug, so that the saga never
	// ends. Give such a step the reason that Decided has recorded.
	Aborted func(ctx workflow.Context, d Decision) error
	// Against aborts the saga from the start, for this reason: the pivot is settled,
	// and the body runs, forward, only if it happened. This resumes a saga whose
	// workflow is lost, without a late effect. Empty: the body runs.
	Against fault.Code
	// Decided makes the decision to abort durable and returns the waivers of earlier
	// runs (before a reset). It is called once, with a disconnected context, when the
	// pivot is settled as not happened and before anything is undone. This run does
	// not undo the steps of these waivers, because an operator has settled them; they
	// stay waived in its [View]. Decided may take the steps of [Plan.OnAbort], of kind
	// Recorded or Closing; each is retried until it succeeds. It is the one step that may be
	// given the decision, if its service keeps the first and answers it. nil: none.
	Decided func(ctx workflow.Context, d Decision) (waived []Waiver, err error)
	// Notice is called when the flags or the waivers have changed, with a disconnected
	// context, one call at a time, the latest view last; Run waits for it. It may take
	// a step outside of the plan, of kind Recorded or Closing, in the service whose
	// worker runs the workflow. nil: none.
	Notice func(ctx workflow.Context, v View) error
	// Amount returns how much the effect of a step is, for example "126.00 EUR", empty if the
	// workflow does not know. It is shown behind [Step.Owes], and must be deterministic. nil:
	// no amount is shown.
	Amount func(step string) string
	// NeedsAttention is upserted as true with the first flag and as false when the last
	// one is taken down; nil: no search attribute.
	NeedsAttention *temporal.SearchAttributeKeyBool
}

// Decision is why a saga was aborted.
type Decision struct {
	// Code is the code of the refused step or of the body's own error, DEADLINE, the
	// reason of a cancel, SUSPENDED if an earlier run was aborted, or INTERNAL.
	Code fault.Code
	// Kind is the kind of the failure; Business for a deadline or a cancel.
	Kind fault.Kind
	// Step is the step that failed; empty for a deadline, a cancel, or the body's own
	// error.
	Step string
}

// Reasons that do not come from a step.
const (
	// Deadline is the code of a saga that was not decided in time.
	Deadline fault.Code = "DEADLINE"
	// CustomerRequest is the code of a cancel that names no other.
	CustomerRequest fault.Code = "CUSTOMER_REQUEST"
)

// Timing are the limits and intervals of a saga. Changing them is safe for
// sagas in flight.
type Timing struct {
	// StartToClose limits one attempt of a step on another worker. Default 5 s.
	StartToClose time.Duration
	// LocalStartToClose limits one attempt of a local step. It must stay well
	// below the workflow task's 10 s. Default 2 s.
	LocalStartToClose time.Duration
	// RetryInitial is the first retry's interval; it doubles. Default 100 ms.
	RetryInitial time.Duration
	// RetryMax is the longest interval of an ordinary retry. Default 10 s.
	RetryMax time.Duration
	// ParkAfter is the time for which a step, its undo or a settle may fail before it is
	// flagged. Default 2 min.
	ParkAfter time.Duration
	// ParkedRetry is the longest interval between the attempts of a flagged step.
	// Default 5 min.
	ParkedRetry time.Duration
}

// DefaultTiming returns the defaults.
func DefaultTiming() Timing {
	return Timing{
		StartToClose:      5 * time.Second,
		LocalStartToClose: 2 * time.Second,
		RetryInitial:      100 * time.Millisecond,
		RetryMax:          10 * time.Second,
		ParkAfter:         2 * time.Minute,
		ParkedRetry:       5 * time.Minute,
	}
}

// Validate returns all problems, joined, or nil.
func (t Timing) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(t.StartToClose >= 100*time.Millisecond, "start-to-close %s is below 100ms", t.StartToClose)
	check(t.LocalStartToClose >= 100*time.Millisecond && t.LocalStartToClose <= 4*time.Second,
		"local start-to-close %s is not between 100ms and 4s: the workflow task ends after 10s", t.LocalStartToClose)
	check(t.RetryInitial >= time.Millisecond, "initial retry %s is below 1ms", t.RetryInitial)
	check(t.RetryMax >= t.RetryInitial, "longest retry %s is below the initial %s", t.RetryMax, t.RetryInitial)
	check(t.ParkAfter >= t.StartToClose, "park-after %s is below start-to-close %s", t.ParkAfter, t.StartToClose)
	check(t.ParkedRetry >= t.RetryMax, "parked retry %s is below the longest retry %s", t.ParkedRetry, t.RetryMax)
	return errors.Join(problems...)
}

func (o Options) normal() (Options, error) {
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming()
	}
	var problems []error
	if o.ID == "" {
		problems = append(problems, errors.New("it has no id"))
	}
	if o.Generation < 0 {
		problems = append(problems, fmt.Errorf("its generation %d is negative", o.Generation))
	}
	if len(o.Plan.steps) == 0 {
		problems = append(problems, errors.New("its plan is empty"))
	}
	problems = append(problems, o.Timing.Validate())
	if err := errors.Join(problems...); err != nil {
		return Options{}, fmt.Errorf("saga %q cannot run: %w", o.ID, err)
	}
	return o, nil
}

// key returns the idempotency key of a step.
func (o Options) key(step string) Key { return Key{Saga: o.ID, Step: step, Generation: o.Generation} }

func (o Options) queue(name string) string {
	if q, ok := o.Queues[name]; ok {
		return q
	}
	return name
}
