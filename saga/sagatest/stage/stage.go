package stage

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/amends/amends/saga/barrier/traced"
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/state"
	"github.com/amends/amends/saga/sagatest/table"
)

// Stage runs schedules on one subject, one after the other.
type Stage struct {
	subject  Subject
	registry *Registry
	sagaID   string
	since    string // the day from which on a time is of the machine's clock
}

// New returns a stage for a subject, whose workflow and activities it registers.
// sagaID is the id of the saga that the subject starts.
func New(s Subject, sagaID string) *Stage {
	g := &Stage{subject: s, sagaID: sagaID, registry: newRegistry()}
	s.Register(g.registry)
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	g.since = max(yesterday.Format(time.DateOnly), epoch.AddDate(1, 0, 0).Format(time.DateOnly))
	return g
}

// Activities returns the names of the activities, sorted.
func (g *Stage) Activities() []string { return slices.Sorted(maps.Keys(g.registry.activities)) }

// Watch tells a stage to compare the worlds of a run.
type Watch struct {
	// Print describes the state of the subject; nil: worlds are not compared.
	Print Fingerprinter
	// Known reports whether a run from this world on is known: then the run ends
	// there. nil: it goes on to its end.
	Known func(search.World) bool
}

// Outcome is the result of running one schedule.
type Outcome struct {
	Err     error             // a broken promise, or a fault of the subject's machinery
	Cut     bool              // the run came to a known world: it ended there and was not judged
	Hit     schedule.Schedule // the faults of the schedule that hit
	Settled int               // the number of calls when the last of them hit
	Calls   []Call            // all calls, in order
	Worlds  []search.Boundary // since every fault of the schedule has hit
	Came    []search.Mark     // rows of the barrier's table that the run came by
	Wants   []search.Mark     // rows that a test of the steps that it took has to come by
}

// Trace returns the calls in order.
func (o *Outcome) Trace() []string { return trace(o.Calls) }

// Call is one call of a run.
type Call struct {
	Call     string // "name#n"
	Void     bool   // it failed before its effect, whatever the schedule has at it
	Late     bool   // decide-by had passed
	Local    bool   // the workflow's own worker made it
	Activity int    // the activity that it is an attempt of, counted from 1; 0: a call to an external system

	// Leads are rows of the barrier's table that the run may come by next.
	Leads []search.Mark
}

func trace(calls []Call) []string {
	all := make([]string, len(calls))
	for i, c := range calls {
		all[i] = c.Call
	}
	return all
}

// decideAfter is the time that a saga has to decide. It is longer than three retries.
const decideAfter = 10 * time.Minute

// epoch is when every saga begins: long ago, so that none of its times is one of
// the machine's clock.
var epoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// Run runs one schedule from a fresh subject to the saga's end, and judges it.
func (g *Stage) Run(ctx context.Context, s schedule.Schedule, w Watch) (o Outcome) {
	e := &engine{
		subject: g.subject, registry: g.registry, sagaID: g.sagaID, schedule: s,
		seen: map[string]int{}, late: map[string][]zombie{}, failing: map[string]int{}, away: map[string]time.Time{},
		watch: w, state: state.Run{Names: state.NewAliases(g.since)}, table: table.New(g.Activities()),
	}
	g.registry.engine = e
	defer func() {
		if p := recover(); p != nil {
			o.Err = fmt.Errorf("panic: %s%s", state.Brief(fmt.Sprint(p)), e.last.Suffix())
		}
		o.Came, o.Wants = e.table.Came(), e.table.Wants()
		o.Cut, o.Hit, o.Settled, o.Calls, o.Worlds = e.cut, e.hit, e.settled, e.calls, e.worlds
	}()
	must(g.subject.Reset(ctx), "reset")
	return Outcome{Err: g.toTheEnd(ctx, e)}
}

// toTheEnd runs the saga, again after each crash, and judges its end. It returns
// nil for a run that is cut.
func (g *Stage) toTheEnd(ctx context.Context, e *engine) error {
	now := epoch
	e.decideBy = now.Add(decideAfter)
	workflow, input := g.subject.Start(now, e.decideBy)
	for runs := 1; ; runs++ {
		env := g.once(e, now, workflow, input)
		if e.cut {
			return nil
		}
		// A new run begins at a full minute: the rest of it depends less on when
		// the last one crashed.
		now = env.Now().Truncate(time.Minute).Add(time.Minute)
		if e.crashed {
			e.crashed = false
			continue
		}
		if err := env.GetWorkflowError(); err != nil {
			return fmt.Errorf("the workflow failed: %s%s", state.Brief(err.Error()), e.last.Suffix()) // its text can be endless
		}
		e.fireAll()
		if err := g.subject.Check(ctx, End{Result: env.GetWorkflowResult, Faults: e.hit, Runs: runs, Calls: trace(e.calls)}); err != nil {
			return err
		}
		if e.schedule.At(schedule.End) != schedule.Again || e.hit.At(schedule.End) == schedule.Again {
			e.compareEnd(ctx, now)
			return nil
		}
		e.happened(schedule.Fault{Call: schedule.End, Kind: schedule.Again})
		now = now.Truncate(24 * time.Hour).Add(48 * time.Hour) // alike
	}
}

// once runs the workflow in an environment of its own, whose clock goes on from
// now.
func (g *Stage) once(e *engine, now time.Time, workflow string, input any) *testsuite.TestWorkflowEnvironment {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(sdklog.NewStructuredLogger(slog.New(&e.last)))
	if e.acts == nil {
		e.acts = ts.NewTestActivityEnvironment()
		e.acts.SetWorkerOptions(worker.Options{BackgroundActivityContext: traced.Watch(context.Background(), e.table)})
		for n, f := range g.registry.activities {
			e.acts.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: n})
		}
	}
	e.env = ts.NewTestWorkflowEnvironment()
	e.env.SetStartTime(now)
	e.state.Begin(now)
	e.env.SetTestTimeout(10 * time.Second) // when there is nothing to do and no timer: a saga that hangs
	e.env.SetWorkflowRunTimeout(0)         // with one, a timer on the real clock keeps the environment for as long
	e.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&inbound{engine: e}},
		DeadlockDetectionTimeout: time.Minute, // activities run in the workflow's thread here
	})
	for _, w := range g.registry.workflows {
		e.env.RegisterWorkflowWithOptions(w.f, w.o)
	}
	e.env.ExecuteWorkflow(workflow, input)
	return e.env
}
