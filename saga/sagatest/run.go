package sagatest

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
)

// explorer runs schedules on one subject.
type explorer struct {
	subject   Subject
	registry  *Registry
	sagaID    string
	refusable map[string]bool
	unreduced bool
	print     Fingerprinter // nil: worlds are not compared
	since     string        // the day from which on a time is the machine's
}

func (e Explorer) explorer() (*explorer, error) {
	s, err := e.New()
	if err != nil {
		return nil, fmt.Errorf("make a subject: %w", err)
	}
	x := &explorer{subject: s, sagaID: e.SagaID, refusable: map[string]bool{}, unreduced: e.Unreduced}
	for _, step := range e.Refusable {
		x.refusable[step] = true
	}
	x.registry = &Registry{activities: map[string]any{}}
	s.Register(x.registry)
	if !e.Unreduced && e.Dense == 0 {
		x.print, _ = s.(Fingerprinter)
	}
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	x.since = max(yesterday.Format(time.DateOnly), epoch.AddDate(1, 0, 0).Format(time.DateOnly))
	return x, nil
}

// result is what one schedule led to.
type result struct {
	ran   bool
	cut   bool // it has come to a known world: it ended there and was not judged
	err   error
	trace []string // of a run that failed
	short bool     // not every fault of the schedule has hit
	hit   Schedule // those that have, if it is short
	more  []growth // that the schedule can grow by
	same  int      // how many more would lead to the same run as others
	past  []boundary
}

var quiet = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))

// decideAfter is how long a saga has to decide. It is longer than three retries.
const decideAfter = 10 * time.Minute

// epoch is when every saga begins: long ago, so that none of its times is one of
// the machine's.
var epoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// run runs one schedule from a fresh world to the saga's end, judges it, and says
// how it can grow if grow is set. With known worlds it ends at the first of them.
func (x *explorer) run(ctx context.Context, s Schedule, grow bool, known *worlds) (r result) {
	e := &engine{
		subject: x.subject, registry: x.registry, sagaID: x.sagaID, schedule: s,
		seen: map[string]int{}, late: map[string][]zombie{}, failing: map[string]int{}, away: map[string]time.Time{},
		known: known,
	}
	if grow || known != nil {
		e.print = x.print
	}
	e.history.names = names{since: x.since, ids: map[string]int{}}
	x.registry.engine = e
	defer func() {
		if p := recover(); p != nil {
			r.err = fmt.Errorf("panic: %v", p)
		}
		r.cut, r.past = e.cut, e.past
		if r.short = len(e.hit) < len(s); r.short {
			r.hit = e.hit
		}
		switch {
		case r.err != nil:
			r.trace = e.trace()
		case grow && !r.short: // a fault that did not happen adds nothing
			r.more, r.same = x.growths(e)
		}
	}()
	must(x.subject.Reset(ctx), "reset")

	now := epoch
	e.decideBy = now.Add(decideAfter)
	workflow, input := x.subject.Start(now, e.decideBy)
	runs := 0
	for {
		env := x.once(e, now, workflow, input)
		runs++
		if e.cut {
			return result{}
		}
		// A new run begins at a full minute: the rest of it depends less on when
		// the last one crashed.
		now = env.Now().Truncate(time.Minute).Add(time.Minute)
		if e.crashed {
			e.crashed = false
			continue
		}
		if err := env.GetWorkflowError(); err != nil {
			return result{err: fmt.Errorf("the workflow failed: %w", err)}
		}
		for _, n := range slices.Sorted(maps.Keys(e.late)) { // the latest of all zombies
			for _, z := range e.late[n] {
				z.effect()
			}
			delete(e.late, n)
		}
		if err := x.subject.Check(ctx, End{Result: env.GetWorkflowResult, Faults: e.hit, Runs: runs, Calls: e.trace()}); err != nil {
			return result{err: err}
		}
		if s.at(end) != Again || e.hit.at(end) == Again {
			if e.print != nil && known == nil && len(e.hit) == len(s) { // no run ends at another's end
				w, err := e.world(ctx, now, end, true)
				must(err, "take a fingerprint")
				e.past = append(e.past, boundary{at: len(e.made), world: w})
			}
			return result{}
		}
		e.happened(Fault{Call: end, Kind: Again})
		now = now.Truncate(24 * time.Hour).Add(48 * time.Hour) // alike
	}
}

// once runs the workflow in an environment of its own, whose clock goes on from
// now.
func (x *explorer) once(e *engine, now time.Time, workflow string, input any) *testsuite.TestWorkflowEnvironment {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(quiet)
	if e.acts == nil {
		e.acts = ts.NewTestActivityEnvironment()
		for n, f := range x.registry.activities {
			e.acts.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: n})
		}
	}
	e.env = ts.NewTestWorkflowEnvironment()
	e.env.SetStartTime(now)
	e.history.begin(now)
	e.env.SetTestTimeout(10 * time.Second) // when there is nothing to do and no timer: a saga that hangs
	e.env.SetWorkflowRunTimeout(0)         // with one, a timer on the real clock keeps the environment for as long
	e.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&inbound{engine: e}},
		DeadlockDetectionTimeout: time.Minute, // activities run in the workflow's thread here
	})
	for _, w := range x.registry.workflows {
		e.env.RegisterWorkflowWithOptions(w.f, w.o)
	}
	e.env.ExecuteWorkflow(workflow, input)
	return e.env
}
