package sagatest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"
)

// Subject is a saga with everything it works on: the real workflow, the real
// activities, the real services on databases of their own. One goroutine uses
// it, for one schedule after the other.
type Subject interface {
	// Register registers the workflow and the activities, once.
	Register(r *Registry)
	// Start returns the workflow's name and input for a saga that begins now and
	// is to be decided by decideBy.
	Start(now, decideBy time.Time) (workflow string, input any)
	// Reset brings the world back to where it was before the first schedule.
	Reset(ctx context.Context) error
	// Check returns every broken promise, judged after the saga's end.
	Check(ctx context.Context, end End) error
}

// Refuser is a [Subject] whose services can refuse a step.
type Refuser interface {
	// Refuse makes the next do of the step be refused for a business reason, if it
	// has not been decided yet, and says whether the step can be refused at all.
	Refuse(ctx context.Context, step string) (bool, error)
}

// Disturber is a [Subject] whose world changes beside the saga.
type Disturber interface {
	// Disturb changes what the saga must not depend on once it has decided, such as
	// prices.
	Disturb(ctx context.Context) error
}

// Fingerprinter is a [Subject] that knows when its world is the same as in another
// run, so that what comes after is tried once only.
type Fingerprinter interface {
	// Fingerprint returns a text of all that the services, the outside world, Refuse,
	// Disturb and Check go by, apart from the workflow's result. Check must judge by
	// nothing else, and the workflow learn nothing but from activities, timers and
	// the cancel.
	//
	// The text may hold ids that were generated, if they are UUIDs in lower case and
	// serve as names only, and the machine's times, if nobody goes by them: those
	// are told apart from the saga's, which are of the year 2001.
	Fingerprint(ctx context.Context) ([]byte, error)
}

// End is how a saga ended.
type End struct {
	// Result decodes what the workflow returned.
	Result func(v any) error
	// Faults are those that hit.
	Faults Schedule
	// Runs is how many runs it took.
	Runs int
	// Calls are all that were made, in order.
	Calls []string
}

// Registry collects what a [Subject] registers. It is a [saga.Registry].
type Registry struct {
	activities map[string]any
	workflows  []registeredWorkflow
	engine     *engine
}

type registeredWorkflow struct {
	f any
	o workflow.RegisterOptions
}

// RegisterActivityWithOptions notes an activity, which must have a name.
func (r *Registry) RegisterActivityWithOptions(f any, o activity.RegisterOptions) {
	if o.Name == "" {
		panic("sagatest: an activity has no name")
	}
	r.activities[o.Name] = f
}

// RegisterWorkflowWithOptions notes a workflow.
func (r *Registry) RegisterWorkflowWithOptions(f any, o workflow.RegisterOptions) {
	r.workflows = append(r.workflows, registeredWorkflow{f, o})
}

// Outside runs a call of the outside world, such as the payment provider's, that
// a service makes inside an activity, so that it can fail by itself. It returns
// unreachable if the call must look as if it never arrived, unknown if its
// reply was lost, else what effect returned. Only the kinds Before, Lost,
// LateAfterRetry and LateAfterUndo happen here.
func (r *Registry) Outside(name string, effect func() error, unreachable, unknown error) error {
	return r.engine.outside(name, effect, unreachable, unknown)
}

// kindsOf returns the faults that can happen at a call.
func (x *explorer) kindsOf(call string) []Kind {
	n := name(call)
	var kinds []Kind
	switch {
	case call == end:
		return []Kind{Again}
	case x.registry.activities[n] == nil: // outside
		return []Kind{Before, Lost, LateAfterRetry, LateAfterUndo}
	case strings.HasSuffix(n, ".undo"), strings.HasSuffix(n, ".settle"):
		kinds = []Kind{Before, Lost, Fails, Away, LateAfterRetry, Cancel, Crash, CrashAfter}
	default:
		kinds = []Kind{Before, Lost, Fails, Away, LateAfterRetry, LateAfterUndo, Cancel, Deadline, Slow, Crash, CrashAfter}
	}
	if _, ok := x.subject.(Disturber); ok {
		kinds = append(kinds, Disturb)
	}
	if _, ok := x.subject.(Refuser); ok && x.refusable[n] {
		kinds = append(kinds, Refuse, RefuseLost)
	}
	return kinds
}

// kinds returns every fault that can happen.
func (x *explorer) kinds() map[Kind]bool {
	all := map[Kind]bool{}
	for _, call := range append(slices.Collect(maps.Keys(x.registry.activities)), end) {
		for _, k := range x.kindsOf(call) {
			all[k] = true
		}
	}
	return all
}

// must turns an error of the subject's own machinery into one of the schedule.
func must(err error, doing string) {
	if err != nil {
		panic(fmt.Sprintf("sagatest: %s: %v", doing, err))
	}
}
