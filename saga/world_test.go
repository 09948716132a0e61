package saga_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
)

// Steps of a trip: two things are held in parallel, a third follows, then the pivot.
var (
	price = saga.Step[string, int]{Name: "price", Queue: "price", Kind: saga.Recorded}
	seat  = saga.Step[int, string]{Name: "seat", Queue: "seat", Kind: saga.Compensatable, Owes: "seat held"}
	room  = saga.Step[int, string]{Name: "room", Queue: "room", Kind: saga.Compensatable, Owes: "room held", Money: true}
	guide = saga.Step[int, string]{Name: "guide", Queue: "guide", Kind: saga.Compensatable, Owes: "guide booked"}
	pay   = saga.Step[int, string]{Name: "pay", Queue: "pay", Kind: saga.Pivot, Owes: "money taken"}
	ship  = saga.Step[saga.None, saga.None]{Name: "ship", Queue: "ship", Kind: saga.Closing}
	note  = saga.Step[string, string]{Name: "note", Kind: saga.Closing}
	sorry = saga.Step[fault.Code, string]{Name: "sorry", Kind: saga.Closing}

	tripPlan = saga.NewPlan(price, seat, room, guide, pay, ship, note).OnAbort(sorry)
)

func trip(ctx workflow.Context) error {
	p, err := saga.Do(ctx, price, "lisbon")
	if err != nil {
		return err
	}
	s, r := saga.Go(ctx, seat, p), saga.Go(ctx, room, p)
	if _, err := s.Get(ctx); err != nil {
		return err
	}
	if _, err := r.Get(ctx); err != nil {
		return err
	}
	if _, err := saga.Do(ctx, guide, p); err != nil {
		return err
	}
	if _, err := saga.Do(ctx, pay, p); err != nil {
		return err
	}
	if _, err := saga.Do(ctx, ship, saga.None{}); err != nil {
		return err
	}
	_, err = saga.Do(ctx, note, "done")
	return err
}

// world is every service at once, with the ledger that the kernel demands of a
// service, and a script of failures.
type world struct {
	mu     sync.Mutex
	states map[string]string // step -> done, refused, undone, blocked
	codes  map[string]fault.Code
	calls  []string
	script map[string][]error // activity -> the errors of its next calls, before any effect
	always map[string]error   // activity -> the error of all its calls
	hooks  map[string]func()  // activity -> runs once, inside its next call, before the effect
	tried  key.Tried          // what the last settle was told
	over   bool               // the workflow has ended: nothing changes any more
}

func newWorld() *world {
	return &world{
		states: map[string]string{}, codes: map[string]fault.Code{}, script: map[string][]error{},
		always: map[string]error{}, hooks: map[string]func(){},
	}
}

// gate notes the call and returns the scripted failure.
func (w *world) gate(activity string) error {
	if w.over {
		return errTransient
	}
	w.calls = append(w.calls, activity)
	if h := w.hooks[activity]; h != nil {
		delete(w.hooks, activity)
		h()
	}
	if errs := w.script[activity]; len(errs) > 0 {
		w.script[activity] = errs[1:]
		if errs[0] != nil {
			return errs[0]
		}
	}
	return w.always[activity]
}

func (w *world) do(step string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.gate(step)
	switch w.states[step] {
	case "undone", "blocked":
		return fault.Errorf(fault.Suspension, fault.Suspended, "%s was undone", step)
	case "refused":
		return fault.Errorf(fault.Business, w.codes[step], "%s was refused", step)
	case "done":
		return nil
	}
	if err != nil {
		if fault.KindOf(err) == fault.Business {
			w.states[step], w.codes[step] = "refused", fault.CodeOf(err)
		}
		return err
	}
	w.states[step] = "done"
	return nil
}

func (w *world) undo(step string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gate(step + ".undo"); err != nil {
		return err
	}
	switch w.states[step] {
	case "done":
		w.states[step] = "undone"
	case "":
		w.states[step] = "blocked"
	}
	return nil
}

func (w *world) settle(step string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gate(step + ".settle"); err != nil {
		return false, err
	}
	if w.states[step] == "done" {
		return true, nil
	}
	if w.states[step] == "" {
		w.states[step] = "blocked"
	}
	return false, nil
}

func bind[In, Out any](w *world, r saga.Registry, s saga.Step[In, Out], out Out) {
	do := func(_ context.Context, k saga.Key, _ In) (Out, error) { return out, w.do(k.Step) }
	switch s.Kind {
	case saga.Pivot:
		saga.BindPivot(r, s, do, func(ctx context.Context, k saga.Key) (Out, bool, error) {
			w.tried = key.TriedOf(ctx)
			happened, err := w.settle(k.Step)
			return out, happened, err
		})
	case saga.Compensatable:
		saga.Bind(r, s, do, func(_ context.Context, k saga.Key) error { return w.undo(k.Step) })
	case saga.Recorded, saga.Closing:
		saga.Bind(r, s, do, nil)
	}
}

// testBundle is a trip in the test environment.
type testBundle struct {
	*world
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	body    func(workflow.Context) error
	options saga.Options
	aborted *saga.Decision
	view    saga.View
}

// stall is how long the environment waits on a loaded machine for an attempt, and for the code
// of a workflow, which it takes for a deadlock after a second else. A mutant that hangs is
// caught within the minute that it has.
const stall = 40 * time.Second

// environment returns Temporal's test environment, without its log.
func environment() *testsuite.TestWorkflowEnvironment {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return ts.NewTestWorkflowEnvironment().SetTestTimeout(stall).SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: stall})
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{world: newWorld(), t: t, env: environment(), body: trip}
	b.options = saga.Options{
		ID: "trip-1", Plan: tripPlan, DecideBy: b.env.Now().Add(10 * time.Minute),
		Aborted: func(ctx workflow.Context, d saga.Decision) error {
			b.aborted = &d
			_, err := saga.Do(ctx, sorry, d.Code)
			return err
		},
	}
	bind(b.world, b.env, price, 100)
	bind(b.world, b.env, seat, "12A")
	bind(b.world, b.env, room, "501")
	bind(b.world, b.env, guide, "Ana")
	bind(b.world, b.env, pay, "paid")
	bind(b.world, b.env, ship, saga.None{})
	bind(b.world, b.env, note, "noted")
	bind(b.world, b.env, sorry, "sorry")
	return b
}

// run runs the trip and returns its final view.
func (b *testBundle) run(t *testing.T) saga.View {
	t.Helper()
	b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Run(ctx, b.options, b.body) })
	require.True(t, b.env.IsWorkflowCompleted())
	require.NoError(t, b.env.GetWorkflowError())
	require.NoError(t, b.env.GetWorkflowResult(&b.view))
	return b.view
}

// execute runs a workflow. The test environment does not wait for an activity
// that was canceled, which may still be under way then: the world is frozen, so
// that it can be looked at.
func (b *testBundle) execute(workflow any) {
	b.env.ExecuteWorkflow(workflow)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
}

// cancelIn cancels the saga from inside the next call of an activity.
func (b *testBundle) cancelIn(activity string) *cancelOutcome {
	o := &cancelOutcome{}
	b.hooks[activity] = func() { b.now(func() { b.cancel(o) }) }
	return o
}

// now runs f in the workflow's thread and waits for it, from inside a call.
func (b *testBundle) now(f func()) {
	done := make(chan struct{})
	b.env.RegisterDelayedCallback(func() { defer close(done); f() }, 0)
	<-done
}

func (b *testBundle) cancel(o *cancelOutcome) {
	b.env.UpdateWorkflow(saga.UpdateCancel, "", &testsuite.TestUpdateCallback{
		OnAccept: func() { o.accepted = true },
		OnReject: func(err error) { o.err = err },
		OnComplete: func(result any, err error) {
			o.err = err
			if r, ok := result.(saga.CancelResult); ok {
				o.phase = r.Phase
			}
		},
	}, saga.CancelRequest{Saga: b.options.ID})
}

type cancelOutcome struct {
	accepted bool
	phase    saga.Phase
	err      error
}

// states returns "step=state" of the ledger for the given steps.
func (w *world) ledger(steps ...string) string {
	var parts []string
	for _, s := range steps {
		parts = append(parts, fmt.Sprintf("%s=%s", s, w.states[s]))
	}
	return strings.Join(parts, " ")
}

// first returns the index of the activity's first call, or -1.
func (w *world) first(activity string) int {
	for i, c := range w.calls {
		if c == activity {
			return i
		}
	}
	return -1
}

func (w *world) count(activity string) int {
	n := 0
	for _, c := range w.calls {
		if c == activity {
			n++
		}
	}
	return n
}

var (
	errTransient = fault.Errorf(fault.Transient, fault.Unavailable, "not now")
	errRefused   = fault.Errorf(fault.Business, "NO_SEATS", "no seats")
	errBug       = fault.Errorf(fault.Bug, fault.Mismatch, "same key, other request")
)
