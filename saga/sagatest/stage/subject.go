package stage

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga/sagatest/schedule"
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
	// Reset restores everything to its state before the first schedule.
	Reset(ctx context.Context) error
	// Check returns every broken promise, judged after the saga's end.
	Check(ctx context.Context, end End) error
}

// Refuser is a [Subject] whose services can refuse a step.
type Refuser interface {
	// Refuse makes the next do of the step be refused for a business reason, if it
	// has not been decided yet, and reports whether the step can be refused at all.
	Refuse(ctx context.Context, step string) (bool, error)
}

// Disturber is a [Subject] whose surroundings can change beside the saga.
type Disturber interface {
	// Disturb changes a thing that the saga must not depend on once it has decided,
	// such as prices.
	Disturb(ctx context.Context) error
}

// Fingerprinter is a [Subject] that recognizes equal states of its services, so
// that the runs from there on are tried only once.
type Fingerprinter interface {
	// Fingerprint returns a text of all state that the services, the external
	// systems, Refuse, Disturb and Check depend on, apart from the workflow's result.
	// Check must depend on nothing else, and the workflow must learn only from
	// activities, timers and the cancel.
	//
	// The text may hold generated ids, if they are UUIDs in lower case and serve as
	// names only, and times of the machine's clock, if nothing depends on them: they
	// are told apart from the saga's times, which are of the year 2001.
	Fingerprint(ctx context.Context) ([]byte, error)
}

// End is how a saga ended.
type End struct {
	// Result decodes the workflow's result.
	Result func(v any) error
	// Faults are those that hit.
	Faults schedule.Schedule
	// Runs is how many runs it took.
	Runs int
	// Calls are all calls, in order.
	Calls []string
}

// Registry collects the workflows and activities of a [Subject]. It is a
// [saga.Registry].
type Registry struct {
	activities map[string]any
	workflows  []registeredWorkflow
	engine     *engine
}

type registeredWorkflow struct {
	f any
	o workflow.RegisterOptions
}

func newRegistry() *Registry { return &Registry{activities: map[string]any{}} }

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

// Outside runs a call that a service makes to an external system, such as the
// payment provider, inside an activity, so that it can fail by itself. It returns
// unreachable if the call must look as if it never arrived, unknown if its reply
// was lost, else the error of effect. Only the kinds Before, Lost, LateAfterRetry
// and LateAfterUndo happen here.
func (r *Registry) Outside(name string, effect func() error, unreachable, unknown error) error {
	return r.engine.outside(name, effect, unreachable, unknown)
}

// must turns an error of the subject's own machinery into one of the schedule.
func must(err error, doing string) {
	if err != nil {
		panic(fmt.Sprintf("sagatest: %s: %v", doing, err))
	}
}
