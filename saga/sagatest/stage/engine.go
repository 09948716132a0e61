package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/state"
	"github.com/amends/amends/saga/sagatest/table"
)

// engine stands in for Temporal's matching and retries during one schedule.
type engine struct {
	subject  Subject
	registry *Registry
	acts     *testsuite.TestActivityEnvironment
	env      *testsuite.TestWorkflowEnvironment
	sagaID   string
	decideBy time.Time

	schedule schedule.Schedule
	seen     map[string]int // calls by name
	calls    []Call
	hit      schedule.Schedule
	settled  int                  // number of calls when the last of them hit
	late     map[string][]zombie  // by the name of the call that they fire after
	failing  map[string]int       // number of further calls of a name that fail
	away     map[string]time.Time // until when calls of a name fail
	crashed  bool

	activities int // that were executed
	state      state.Run
	table      *table.Table
	last       state.Last

	watch  Watch
	worlds []search.Boundary // since all faults of the schedule have hit
	cut    bool              // the run came to a known world, and ended there
}

// zombie is an attempt that timed out and will still take effect.
type zombie struct {
	id     string // its activity and argument, or the faults that led to it
	effect func()
}

// Time in the test environment.
const (
	latency = time.Millisecond // of an attempt; lets whatever came first be handled first
	slowFor = time.Second      // longer than failing three times takes (0.7 s), shorter than a local step may take (2 s)
	awayFor = 12 * time.Minute // longer than decide-by and than it takes to be flagged
)

// forever is a deadline that never passes.
var forever = time.Unix(1<<40, 0)

// FailsFor is how many calls [schedule.Fails] fails.
const FailsFor = 3

var errBefore = temporal.NewApplicationError("the call did not arrive", string(fault.Unavailable))

// maxCalls is how many calls a saga makes before it counts as one that does not
// end. An activity that is away makes some hundred.
const maxCalls = 2000

// errCrash is the panic of a coroutine that ends a run.
var errCrash = errors.New("sagatest: the run ends here")

// next counts a call and returns the fault at it.
func (e *engine) next(n string) schedule.Kind {
	if len(e.calls) >= maxCalls {
		panic(fmt.Sprintf("sagatest: the saga does not end: it has made %d calls, and now %s", maxCalls, n))
	}
	e.seen[n]++
	call := n + "#" + strconv.Itoa(e.seen[n])
	e.calls = append(e.calls, Call{Call: call, Leads: e.table.Leads()})
	kind := e.schedule.At(call)
	if kind != "" {
		e.happened(schedule.Fault{Call: call, Kind: kind})
	}
	return kind
}

func (e *engine) happened(f schedule.Fault) {
	e.hit = append(e.hit, f)
	e.settled = len(e.calls)
}

// execute makes the attempts of one activity, as the engine would. It gives an
// attempt up that does not answer for the time lost.
func (e *engine) execute(ctx workflow.Context, f *state.Flight, arg any, retry *temporal.RetryPolicy, lost, scheduleToClose time.Duration) (converter.EncodedValue, error) {
	rest, _ := workflow.NewDisconnectedContext(ctx) // an attempt under way is waited for
	deadline := forever
	if scheduleToClose > 0 {
		deadline = workflow.Now(ctx).Add(scheduleToClose)
	}
	e.activities++
	id, n := e.activities, f.Name
	f.Deadline = deadline
	f.Interval = retry.InitialInterval
	for made := int32(1); ; made++ {
		if f.Left {
			return nil, workflow.ErrCanceled // before it began
		}
		f.Last = made == retry.MaximumAttempts
		e.compare(workflow.Now(ctx), f)
		f.Kind = e.next(n)
		e.calls[len(e.calls)-1].Activity, e.calls[len(e.calls)-1].Local = id, f.Local
		if f.Kind == "" && e.fails(n, workflow.Now(ctx).Add(latency)) {
			if err := e.failAndPause(ctx, rest, f); err != nil {
				return nil, err
			}
			f.Interval = longer(f.Interval, retry)
			continue
		}
		value, err := e.attempt(rest, f, arg, lost)
		var app *temporal.ApplicationError
		if err == nil || errors.As(err, &app) && app.NonRetryable() || ctx.Err() != nil {
			return value, err
		}
		if f.Last || workflow.Now(ctx).Add(f.Interval).After(deadline) {
			return nil, err
		}
		f.Kind = ""
		if err := e.pause(ctx, f, "between two attempts", f.Interval); err != nil {
			return nil, err // canceled
		}
		f.Interval = longer(f.Interval, retry)
	}
}

// longer returns the interval before the attempt after the next one.
func longer(interval time.Duration, retry *temporal.RetryPolicy) time.Duration {
	return min(time.Duration(float64(interval)*retry.BackoffCoefficient), retry.MaximumInterval)
}

// failAndPause makes an attempt that fails in any case, and waits for the next
// one, in one sleep: an outage is little else. It returns an error if there is no
// next one.
func (e *engine) failAndPause(ctx, rest workflow.Context, f *state.Flight) error {
	ended := workflow.Now(ctx).Add(latency)
	e.failing[f.Name] = max(e.failing[f.Name]-1, 0)
	c := &e.calls[len(e.calls)-1]
	c.Void, c.Late = true, !ended.Before(e.decideBy)
	pause, doing := latency+f.Interval, "failing"
	last := f.Last || ended.Add(f.Interval).After(f.Deadline)
	if last {
		pause, doing = latency, "failing at last"
	}
	err := e.pause(ctx, f, doing, pause)
	if under := ended.Sub(workflow.Now(ctx)); err != nil && under > 0 { // canceled during the attempt
		e.sleep(rest, f, "failing, canceled", under)
		return errBefore
	}
	if last {
		return errBefore
	}
	return err
}

// attempt makes one attempt with the fault that the schedule has for it.
func (e *engine) attempt(ctx workflow.Context, f *state.Flight, arg any, lost time.Duration) (converter.EncodedValue, error) {
	at, kind, n := len(e.calls)-1, f.Kind, f.Name
	pause := latency
	switch {
	case kind == schedule.Slow && f.Local && f.Last:
		pause = lost - latency // just in time: the next try has less of the task's time
	case kind == schedule.Slow:
		pause = slowFor
	}
	e.sleep(ctx, f, "before", pause)
	e.calls[at].Void = e.fails(n, workflow.Now(ctx))
	e.calls[at].Late = !workflow.Now(ctx).Before(e.decideBy)

	if f.Left && late(kind) {
		return nil, workflow.ErrCanceled // its effect comes later, see leave
	}
	effect := e.effect(n, arg)
	timeout := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	step := base(n)
	switch kind {
	case schedule.Before:
		e.failing[n] = max(e.failing[n], 1)
	case schedule.Fails:
		e.failing[n] = FailsFor
	case schedule.Away:
		e.away[n] = workflow.Now(ctx).Add(awayFor)
	case schedule.Refuse, schedule.RefuseLost:
		if r, ok := e.subject.(Refuser); ok {
			_, err := r.Refuse(context.Background(), step)
			must(err, "refuse "+step)
		}
	case schedule.LateAfterRetry:
		e.later(n, n, arg, effect)
		e.sleep(ctx, f, "timing out", lost)
		return nil, timeout
	case schedule.LateAfterUndo:
		e.later(step+".undo", n, arg, effect)
		e.sleep(ctx, f, "timing out", lost)
		return nil, timeout
	case schedule.Cancel:
		e.env.RegisterDelayedCallback(e.cancel, 0)
		e.sleep(ctx, f, "under way", latency)
	case schedule.Deadline:
		if left := e.decideBy.Sub(workflow.Now(ctx)); left > 0 {
			e.sleep(ctx, f, "under way", left+latency) // the attempt hangs longer than any start-to-close: a frozen worker
		}
	case schedule.Disturb:
		if d, ok := e.subject.(Disturber); ok {
			must(d.Disturb(context.Background()), "disturb")
		}
	case schedule.Crash:
		e.crash()
	case schedule.CrashLate:
		e.later(n, n, arg, effect)
		e.crash()
	default:
	}
	if e.fails(n, workflow.Now(ctx)) {
		e.failing[n] = max(e.failing[n]-1, 0)
		return nil, errBefore
	}

	value, err := effect()
	e.fire(n)
	switch kind {
	case schedule.CrashAfter:
		e.crash()
	case schedule.Lost, schedule.RefuseLost:
		e.sleep(ctx, f, "timing out", lost)
		return nil, timeout
	default:
	}
	return value, err
}

// effect returns the call of an activity.
func (e *engine) effect(n string, arg any) func() (converter.EncodedValue, error) {
	return func() (converter.EncodedValue, error) {
		e.table.Call(n)
		value, err := e.acts.ExecuteActivity(n, arg)
		e.last.Note(n, err)
		return value, err
	}
}

// leave ends a local activity for the workflow, which has canceled it: its call goes on at
// the service, unseen. One that takes long takes effect after the step's undo did.
func (e *engine) leave(f *state.Flight, arg any) {
	f.Left = true
	if late(f.Kind) && f.Doing == "before" {
		e.later(base(f.Name)+".undo", f.Name, arg, e.effect(f.Name, arg))
	}
}

// canceled returns how a local activity that is canceled ends for the workflow: by the
// SDK, or by its call, which may notice it first.
func canceled(k schedule.Kind) error {
	if k == schedule.Lost {
		return errBefore
	}
	return workflow.ErrCanceled
}

// late reports whether the effect of a call with this fault comes late if nobody waits.
func late(k schedule.Kind) bool { return k == schedule.Slow }

// fails reports whether a call of the name fails before its effect.
func (e *engine) fails(n string, now time.Time) bool {
	return e.failing[n] > 0 || now.Before(e.away[n])
}

// base returns the step that an activity belongs to.
func base(activity string) string {
	for _, suffix := range []string{".undo", ".settle"} {
		if n := len(activity) - len(suffix); n > 0 && activity[n:] == suffix {
			return activity[:n]
		}
	}
	return activity
}

// later keeps an attempt that timed out, to take effect after the next call of that
// name did. The answer of a zombie is lost.
func (e *engine) later(after, n string, arg any, effect func() (converter.EncodedValue, error)) {
	id, err := converter.GetDefaultDataConverter().ToPayload(arg)
	must(err, "encode an argument")
	e.late[after] = append(e.late[after], zombie{n + " " + string(id.Data), func() { _, _ = effect() }})
	e.table.Late(n)
}

// laterOutside keeps a call to an external system. The engine does not know its
// argument; the faults so far identify it, as the same faults make the same run.
func (e *engine) laterOutside(after string, effect func() error) {
	e.late[after] = append(e.late[after], zombie{fmt.Sprint(e.hit), func() { _ = effect() }})
}

func (e *engine) fire(n string) {
	for _, after := range []string{n, base(n) + ".undo"} {
		if after != n && n != base(n)+".settle" {
			continue // a settle counts as the undo of its step
		}
		zombies := e.late[after]
		delete(e.late, after)
		for _, z := range zombies {
			z.effect()
		}
	}
}

// fireAll lets every attempt that is still late take effect.
func (e *engine) fireAll() {
	for _, n := range slices.Sorted(maps.Keys(e.late)) {
		for _, z := range e.late[n] {
			z.effect()
		}
		delete(e.late, n)
	}
}

func (e *engine) crash() {
	e.crashed = true
	clear(e.failing) // the rest of it is of this run's calls; an outage goes on
	panic(errCrash)
}

func (e *engine) sleep(ctx workflow.Context, f *state.Flight, doing string, d time.Duration) {
	must(e.pause(ctx, f, doing, d), "sleep")
}

// pause sleeps unless ctx is canceled.
func (e *engine) pause(ctx workflow.Context, f *state.Flight, doing string, d time.Duration) error {
	f.Doing, f.Until = doing, workflow.Now(ctx).Add(d)
	e.state.Setting(f)
	err := workflow.Sleep(ctx, d)
	e.state.Fired(f)
	if err != nil {
		f.Doing = "canceled"
	}
	return err
}

func (e *engine) cancel() {
	nothing := &testsuite.TestUpdateCallback{OnAccept: func() {}, OnReject: func(error) {}, OnComplete: func(any, error) {}}
	e.state.Note(e.env.Now(), saga.UpdateCancel, nil)
	e.env.UpdateWorkflow(saga.UpdateCancel, "", nothing, saga.CancelRequest{Saga: e.sagaID})
}

// outside is [Registry.Outside].
func (e *engine) outside(n string, effect func() error, unreachable, unknown error) error {
	switch e.next(n) {
	case schedule.Before:
		return unreachable
	case schedule.LateAfterRetry:
		e.laterOutside(n, effect)
		return unknown
	case schedule.LateAfterUndo:
		e.laterOutside(schedule.End, effect)
		return unknown
	case schedule.Lost:
		_ = effect() // its answer is lost
		e.fire(n)
		return unknown
	default:
	}
	err := effect()
	e.fire(n)
	return err
}
