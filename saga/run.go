package saga

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Run runs a saga: the body's steps forward, or the whole plan backward. It returns
// when the saga has ended, with its final [View]: [Committed] if the body
// succeeded, [Aborted] if everything is undone. A saga never fails: the only error
// is of invalid options, before anything has started.
//
// An error of the body aborts the saga: return the error of [Do], or a [fault.Error]
// of your own. The body runs twice if the saga is aborted and the pivot turns out to
// have happened. So it must be deterministic, like all workflow code, and have no
// effects but its steps; the variables that it sets get the same values again.
func Run(ctx workflow.Context, o Options, body func(ctx workflow.Context) error) (View, error) {
	o, err := o.normal()
	if err != nil {
		return View{}, err
	}
	ctx, h, err := hostOf(ctx)
	if err != nil {
		return View{}, err
	}
	r := &run{o: o, outer: ctx, phase: Forward}
	if err := h.add(r); err != nil {
		return View{}, err
	}
	r.ctx, r.stop = workflow.WithCancel(ctx)
	r.disarm = func() {}

	if d := r.decide(body); d == nil {
		r.enter(Committed)
	} else {
		r.against(*d, body)
	}
	r.disarm()
	r.stop() // releases the context; no step is open any more

	rest, _ := workflow.NewDisconnectedContext(ctx)
	r.await(rest, func() bool { return !r.notice.running && workflow.AllHandlersFinished(rest) })
	return r.view(), nil
}

// run is a saga under way. Its code runs in workflow coroutines, one at a time, so
// it needs no locks.
type run struct {
	o      Options
	outer  workflow.Context    // as given to Run; a Temporal cancel request ends it
	ctx    workflow.Context    // the body's before the pivot; ends when the saga is aborted
	stop   workflow.CancelFunc // ends ctx
	disarm workflow.CancelFunc // stops the decide-by timer

	phase    Phase
	pass     int // number of times that the body was entered
	steps    []*stepRun
	open     int // steps under way
	fallible int // those of them that may still fail: before the point of no return
	pivot    position

	wish      fault.Code // reason of a cancel or the deadline, if it came before any failure
	failed    bool
	decision  *Decision
	attention []Attention
	waivers   []Waiver
	waived    []Waiver // of earlier runs, from Options.Decided
	repairs   []Repair
	unstarted *stepRun // the pivot, if it is settled without having started here
	notice    messenger
	armed     bool // the decide-by timer was set
	local     localTries
}

// position is where the saga's point of no return is, seen from the body in its
// present pass: the pivot, or the first closing step of a plan without one.
type position int

const (
	ahead     position = iota // also after the pivot was refused
	scheduled                 // its outcome decides the saga; a cancel and the deadline come too late
	behind
)

// stepRun is one step of a run: one value for all passes of the body.
type stepRun struct {
	stepInfo
	state    State
	pass     int        // the last pass that reached it; 0: never started in this run
	failure  *failure   // of the last call that ended without success
	result   any        // the *answer to a do that succeeded in this run
	ended    bool       // the do has ended in this run
	before   []*stepRun // those that had ended when this one started
	start    time.Time  // of the first do
	end      time.Time  // of the last call that ended
	attempts int        // of the last call that ended
	repairing
}

// decide takes the saga forward and returns why it is aborted, or nil if it is
// committed.
func (r *run) decide(body func(workflow.Context) error) *Decision {
	if r.o.Against != "" {
		r.wish = r.o.Against
		return &Decision{Code: r.o.Against, Kind: fault.Business}
	}
	r.watch()
	return r.verdict(r.runBody(body))
}

// runBody enters the body once and waits for every step it has started.
func (r *run) runBody(body func(workflow.Context) error) error {
	r.pass++
	r.pivot = ahead
	ctx := r.ctx
	if r.phase == Completing {
		ctx, _ = workflow.NewDisconnectedContext(r.outer)
	}
	err := body(with(ctx, r))
	r.listen()
	if err != nil && r.phase == Forward && r.pivot == ahead && !r.stopped() {
		// The body's own error stops the steps under way, as a refused step does:
		// their answers would change nothing, so do not wait for them until decide-by.
		r.failed = true
		r.stop()
	}
	r.drain()
	return err
}

// drain waits until no step is under way.
func (r *run) drain() {
	ctx, _ := workflow.NewDisconnectedContext(r.outer)
	r.await(ctx, func() bool { return r.open == 0 })
}

// await waits on a disconnected context, which cannot end.
func (r *run) await(ctx workflow.Context, condition func() bool) {
	if err := workflow.Await(ctx, condition); err != nil {
		panic(fmt.Sprintf("saga %s: a disconnected wait ended: %v", r.o.ID, err))
	}
}

// verdict returns why the saga is aborted, or nil if it is committed.
func (r *run) verdict(bodyErr error) *Decision {
	if r.phase == Completing {
		if bodyErr != nil {
			// The pivot happened and every step since has succeeded, so this error is
			// the body's own. The saga can go neither back nor forward: block the
			// workflow task until correct code is deployed.
			panic(fmt.Sprintf("saga %s: the body fails after the pivot: %v", r.o.ID, bodyErr))
		}
		return nil
	}
	r.listen()
	if r.wish != "" {
		return &Decision{Code: r.wish, Kind: fault.Business}
	}
	var suspended *Decision
	for _, s := range r.steps { // in start order: the first reason counts
		if s.failure == nil || s.failure.code == canceled {
			continue
		}
		d := &Decision{Code: s.failure.code, Kind: s.failure.kind, Step: s.name}
		if s.failure.kind != fault.Suspension {
			return d
		}
		if suspended == nil {
			suspended = d // a reason that this run finds itself is more precise
		}
	}
	if suspended != nil {
		return suspended
	}
	if bodyErr != nil {
		f := fault.Of(bodyErr)
		if f.Code == fault.Internal {
			return &Decision{Code: fault.Internal, Kind: fault.Bug}
		}
		return &Decision{Code: f.Code, Kind: f.Kind}
	}
	return nil
}

// against aborts the saga: it settles the pivot, then records the decision and
// undoes the plan. If the pivot happened it goes forward instead.
func (r *run) against(d Decision, body func(workflow.Context) error) {
	r.disarm()
	r.stop()
	for _, s := range r.steps { // also those whose bug is not the reason
		if s.failure != nil && s.failure.kind == fault.Bug {
			Raise(with(r.outer, r), s.name, s.failure.code)
		}
	}
	if d.Kind == fault.Bug {
		Raise(with(r.outer, r), d.Step, d.Code)
	}
	ctx, _ := workflow.NewDisconnectedContext(r.outer)
	ctx = with(ctx, r)

	r.enter(Settling)
	if r.settle(ctx) {
		r.enter(Completing)
		r.verdict(r.runBody(body))
		r.enter(Committed)
		return
	}

	r.decision = &d
	r.enter(Compensating)
	r.record(ctx, d)
	r.undoPlan(ctx)
	if r.o.Aborted != nil {
		if err := r.o.Aborted(ctx, d); err != nil {
			panic(fmt.Sprintf("saga %s: the aborted end fails: %v", r.o.ID, err))
		}
		r.drain()
	}
	r.enter(Aborted)
}

// enter moves the saga to another phase.
func (r *run) enter(p Phase) {
	r.phase = p
	r.changed()
}

// undoing reports whether the saga is on its way to its aborted end, or there: only
// the steps of that end may run.
func (r *run) undoing() bool { return r.phase == Compensating || r.phase == Aborted }

// stopped reports whether no new step may start before the pivot.
func (r *run) stopped() bool { return r.wish != "" || r.failed }

// wishFor asks to abort the saga. A wish that comes too late changes nothing.
func (r *run) wishFor(code fault.Code) {
	if r.phase != Forward || r.pivot != ahead || r.stopped() {
		return
	}
	r.wish = code
	r.stop()
}

// listen notes a Temporal cancel request. The coroutine that watches for it may run
// only after the body, whose waits the request has ended.
func (r *run) listen() {
	if r.outer.Err() != nil {
		r.wishFor(CustomerRequest)
	}
}

// watch turns the decide-by time and a Temporal cancel request into wishes.
func (r *run) watch() {
	workflow.GoNamed(r.outer, "saga-cancel-request", func(ctx workflow.Context) {
		ctx.Done().Receive(ctx, nil)
		r.wishFor(CustomerRequest)
	})
	if len(r.o.Express) == 0 {
		r.arm()
	}
}

// arm sets the decide-by timer, once and while it matters.
func (r *run) arm() {
	if r.armed || r.o.DecideBy.IsZero() || r.phase != Forward || r.pivot != ahead {
		return
	}
	r.armed = true
	left := r.o.DecideBy.Sub(workflow.Now(r.outer))
	if left <= 0 {
		r.wishFor(Deadline)
		return
	}
	rest, _ := workflow.NewDisconnectedContext(r.outer)
	timer, disarm := workflow.WithCancel(rest)
	r.disarm = disarm
	workflow.GoNamed(timer, "saga-decide-by", func(ctx workflow.Context) {
		fired := workflow.NewTimerWithOptions(ctx, left, workflow.TimerOptions{Summary: "decide by"})
		if fired.Get(ctx, nil) == nil {
			r.wishFor(Deadline)
		}
	})
}

// contextKey finds the run in a workflow context.
type contextKey struct{}

func with(ctx workflow.Context, r *run) workflow.Context {
	return workflow.WithValue(ctx, contextKey{}, r)
}

func from(ctx workflow.Context) *run {
	r, ok := ctx.Value(contextKey{}).(*run)
	if !ok {
		panic("saga: this context is not of a saga's body: use the one that Run gave to it")
	}
	return r
}
