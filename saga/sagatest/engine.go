package sagatest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// engine stands in for Temporal's matching and retries. It makes every attempt
// of every activity in the workflow's own thread, one after the other, in an
// order that follows from the schedule alone: a run has no races, so a failing
// schedule fails again. Time is the test environment's; only the services take
// real time.
type engine struct {
	subject  Subject
	registry *Registry
	acts     *testsuite.TestActivityEnvironment
	env      *testsuite.TestWorkflowEnvironment
	sagaID   string
	decideBy time.Time

	schedule Schedule
	seen     map[string]int
	made     []made
	hit      Schedule
	settled  int                  // how many calls were made when the last of them hit
	late     map[string][]zombie  // by the name after whose effect they fire
	failing  map[string]int       // how many more calls of a name fail
	away     map[string]time.Time // until when calls of a name fail
	crashed  bool

	activities int // that were executed
	history    history

	print Fingerprinter // nil: worlds are not compared
	past  []boundary    // the worlds since all faults of the schedule have hit
	known *worlds       // nil: the run goes on to its end
	cut   bool          // it has come to one of them, and ended there
}

// zombie is an attempt that timed out and will still take effect.
type zombie struct {
	id     string // what it does
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

// failsFor is how many calls [Fails] fails.
const failsFor = 3

var errBefore = temporal.NewApplicationError("the call did not arrive", string(fault.Unavailable))

// maxCalls is how many calls a saga makes before it counts as one that does not
// end. An activity that is away makes some hundred.
const maxCalls = 2000

// errCrash is what a coroutine panics with to end a run.
var errCrash = errors.New("sagatest: the run ends here")

// next counts a call and returns the fault at it.
func (e *engine) next(n string) Kind {
	if len(e.made) >= maxCalls {
		panic("sagatest: the saga does not end")
	}
	e.seen[n]++
	call := n + "#" + strconv.Itoa(e.seen[n])
	e.made = append(e.made, made{call: call})
	kind := e.schedule.at(call)
	if kind != "" {
		e.happened(Fault{Call: call, Kind: kind})
	}
	return kind
}

func (e *engine) happened(f Fault) {
	e.hit = append(e.hit, f)
	e.settled = len(e.made)
}

// trace returns the calls in order.
func (e *engine) trace() []string {
	all := make([]string, len(e.made))
	for i, c := range e.made {
		all[i] = c.call
	}
	return all
}

// execute makes the attempts of one activity, as the engine would.
func (e *engine) execute(ctx workflow.Context, f *flight, arg any, retry *temporal.RetryPolicy, startToClose, scheduleToClose time.Duration) (converter.EncodedValue, error) {
	rest, _ := workflow.NewDisconnectedContext(ctx) // an attempt under way is waited for
	deadline := forever
	if scheduleToClose > 0 {
		deadline = workflow.Now(ctx).Add(scheduleToClose)
	}
	e.activities++
	id, n := e.activities, f.name
	f.deadline = deadline
	for f.interval = retry.InitialInterval; ; f.interval = longer(f.interval, retry) {
		e.compare(workflow.Now(ctx), f)
		f.kind = e.next(n)
		e.made[len(e.made)-1].activity = id
		if f.kind == "" && e.fails(n, workflow.Now(ctx).Add(latency)) {
			if err := e.failAndPause(ctx, rest, f); err != nil {
				return nil, err
			}
			continue
		}
		value, err := e.attempt(rest, f, arg, startToClose)
		var app *temporal.ApplicationError
		if err == nil || errors.As(err, &app) && app.NonRetryable() || ctx.Err() != nil {
			return value, err
		}
		if workflow.Now(ctx).Add(f.interval).After(deadline) {
			return nil, err
		}
		f.kind = ""
		if err := e.pause(ctx, f, "between two attempts", f.interval); err != nil {
			return nil, err // canceled
		}
	}
}

// longer returns the interval before the attempt after the next one.
func longer(interval time.Duration, retry *temporal.RetryPolicy) time.Duration {
	return min(time.Duration(float64(interval)*retry.BackoffCoefficient), retry.MaximumInterval)
}

// failAndPause makes an attempt that fails in any case, and waits for the next
// one, in one sleep: an outage is little else. It returns an error if there is no
// next one.
func (e *engine) failAndPause(ctx, rest workflow.Context, f *flight) error {
	ended := workflow.Now(ctx).Add(latency)
	e.failing[f.name] = max(e.failing[f.name]-1, 0)
	c := &e.made[len(e.made)-1]
	c.void, c.late = true, !ended.Before(e.decideBy)
	pause, doing := latency+f.interval, "failing"
	last := ended.Add(f.interval).After(f.deadline)
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
func (e *engine) attempt(ctx workflow.Context, f *flight, arg any, startToClose time.Duration) (converter.EncodedValue, error) {
	at, kind, n := len(e.made)-1, f.kind, f.name
	pause := latency
	if kind == Slow {
		pause = slowFor
	}
	e.sleep(ctx, f, "before", pause)
	e.made[at].void = e.fails(n, workflow.Now(ctx))
	e.made[at].late = !workflow.Now(ctx).Before(e.decideBy)

	effect := func() (converter.EncodedValue, error) { return e.acts.ExecuteActivity(n, arg) }
	timeout := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	step := base(n)
	switch kind {
	case Before:
		e.failing[n] = max(e.failing[n], 1)
	case Fails:
		e.failing[n] = failsFor
	case Away:
		e.away[n] = workflow.Now(ctx).Add(awayFor)
	case Refuse, RefuseLost:
		if r, ok := e.subject.(Refuser); ok {
			_, err := r.Refuse(context.Background(), step)
			must(err, "refuse "+step)
		}
	case LateAfterRetry:
		e.later(n, n, arg, effect)
		e.sleep(ctx, f, "timing out", startToClose)
		return nil, timeout
	case LateAfterUndo:
		e.later(step+".undo", n, arg, effect)
		e.sleep(ctx, f, "timing out", startToClose)
		return nil, timeout
	case Cancel:
		e.env.RegisterDelayedCallback(e.cancel, 0)
		e.sleep(ctx, f, "under way", latency)
	case Deadline:
		if left := e.decideBy.Sub(workflow.Now(ctx)); left > 0 {
			e.sleep(ctx, f, "under way", left+latency) // the attempt hangs longer than any start-to-close: a frozen worker
		}
	case Disturb:
		if d, ok := e.subject.(Disturber); ok {
			must(d.Disturb(context.Background()), "disturb")
		}
	case Crash:
		e.crash()
	case Lost, CrashAfter, Slow, Again:
	}
	if e.fails(n, workflow.Now(ctx)) {
		e.failing[n] = max(e.failing[n]-1, 0)
		return nil, errBefore
	}

	value, err := effect()
	e.fire(n)
	switch kind {
	case CrashAfter:
		e.crash()
	case Lost, RefuseLost:
		e.sleep(ctx, f, "timing out", startToClose)
		return nil, timeout
	default:
	}
	return value, err
}

// fails says that a call of the name fails before its effect.
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

// later keeps an attempt that timed out, to take effect after the next call of
// that name did. What a zombie answers reaches nobody.
func (e *engine) later(after, n string, arg any, effect func() (converter.EncodedValue, error)) {
	id, err := converter.GetDefaultDataConverter().ToPayload(arg)
	must(err, "encode an argument")
	e.late[after] = append(e.late[after], zombie{n + " " + string(id.Data), func() { _, _ = effect() }})
}

// laterOutside keeps a call of the outside. What it does is known by how it came
// about: up to there the same faults make the same run.
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

func (e *engine) crash() {
	e.crashed = true
	clear(e.failing) // what is left of it is of this run's calls; an outage goes on
	panic(errCrash)
}

func (e *engine) sleep(ctx workflow.Context, f *flight, doing string, d time.Duration) {
	must(e.pause(ctx, f, doing, d), "sleep")
}

// pause sleeps unless ctx is canceled.
func (e *engine) pause(ctx workflow.Context, f *flight, doing string, d time.Duration) error {
	f.doing, f.until = doing, workflow.Now(ctx).Add(d)
	e.history.setting = f.id
	err := workflow.Sleep(ctx, d)
	e.history.fired(f)
	if err != nil {
		f.doing = "canceled"
	}
	return err
}

func (e *engine) cancel() {
	nothing := &testsuite.TestUpdateCallback{OnAccept: func() {}, OnReject: func(error) {}, OnComplete: func(any, error) {}}
	e.history.note(e.env.Now(), saga.UpdateCancel, nil)
	e.env.UpdateWorkflow(saga.UpdateCancel, "", nothing, saga.CancelRequest{Saga: e.sagaID})
}

// outside is [Registry.Outside].
func (e *engine) outside(n string, effect func() error, unreachable, unknown error) error {
	switch e.next(n) {
	case Before:
		return unreachable
	case LateAfterRetry:
		e.laterOutside(n, effect)
		return unknown
	case LateAfterUndo:
		e.laterOutside(end, effect)
		return unknown
	case Lost:
		_ = effect() // its answer is what gets lost
		e.fire(n)
		return unknown
	default:
	}
	err := effect()
	e.fire(n)
	return err
}
