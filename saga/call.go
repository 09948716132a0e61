package saga

import (
	"cmp"
	"math"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// request is one of a step's activities to call: its do, undo or settle.
type request struct {
	step     *stepRun
	activity string
	summary  string
	arg      func(policy) any
	recorded func(policy) any // the argument that the history may keep
	express  bool             // a do whose first try is made by this worker
	answer   any              // an *answer, which the result is decoded into
	attempts *int             // the answer's
}

// ask returns the request to call one of a step's activities, and the answer that
// it fills.
func ask[Out, In any](s *stepRun, activity string, k Key, in In) (request, *answer[Out]) {
	a := &answer[Out]{}
	arg := argument(k, in)
	return request{step: s, activity: activity, answer: a, attempts: &a.Attempts, arg: arg, recorded: arg}, a
}

func argument[In any](k Key, in In) func(policy) any {
	return func(p policy) any { return call[In]{Key: k, Input: in, policy: p} }
}

// unlimited attempts. Zero means the same to the engine, but ten to the test
// environment.
const unlimited = math.MaxInt32

// localLimit is the number of start-to-closes that a local step may take before it
// continues as an ordinary activity: a local retry costs history, an ordinary one
// does not. The SDK takes the end of that time from the engine's clock, and compares
// it with the worker's before each retry. That is harmless: on a worker that is ahead
// the step continues as an ordinary activity at once, and on one that is behind the
// time of the attempts, which is by the worker's clock alone, ends them.
const localLimit = 2

// effort bounds the attempts of a call.
type effort struct {
	policy
	limit       time.Duration // of the whole call; 0: none
	first, most time.Duration // the first and the longest interval between attempts
	local       bool          // run a local step as a local activity, try an express one so first
}

// ordinary is the effort of a step that is not flagged: after [Timing.ParkAfter] the
// call ends, and the step is flagged.
func (r *run) ordinary() effort {
	t := r.o.Timing
	return effort{limit: t.ParkAfter, first: t.RetryInitial, most: t.RetryMax}
}

// steady is the effort of a flagged step before the pivot: decide-by is its only
// limit, and the interval stays the ordinary one.
func (r *run) steady() effort {
	return effort{first: r.o.Timing.RetryMax, most: r.o.Timing.RetryMax}
}

// parked is the effort of a flagged step that must succeed: without limit, at growing
// intervals. Only the kinds in ends end it.
func (r *run) parked(ends []fault.Kind) effort {
	return effort{policy: policy{Parked: true, Ends: ends}, first: r.o.Timing.RetryMax, most: r.o.Timing.ParkedRetry}
}

// invoke calls the activity until it succeeds, it fails with a kind that ends the
// effort, ctx ends, or the effort's limit has passed.
func (r *run) invoke(ctx workflow.Context, q request, e effort) *failure {
	if e.local && (q.express || q.step.local()) {
		local, ends := r.invokeLocal, e.ends
		if q.express {
			local, ends = r.try, decides
		}
		if f := local(ctx, q, e.policy); f == nil || f.code == canceled || ends(f.kind) {
			return f
		}
		if q.express && ctx.Err() != nil { // a call may notice its cancel itself, and fails in a way of its own
			return &failure{code: canceled, kind: fault.Unknown}
		}
	}
	r.arm()
	queue := workflow.GetInfo(ctx).TaskQueueName
	if !q.step.local() {
		queue = r.o.queue(q.step.queue)
	}
	startToClose := cmp.Or(q.step.startToClose, r.o.Timing.StartToClose)
	if e.limit > 0 { // an attempt fits, or can show its progress
		e.limit = max(e.limit, cmp.Or(q.step.heartbeat, startToClose))
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    startToClose,
		HeartbeatTimeout:       q.step.heartbeat,
		ScheduleToCloseTimeout: e.limit,
		WaitForCancellation:    true, // an attempt under way may take effect: see its end
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: e.first, BackoffCoefficient: 2, MaximumInterval: e.most, MaximumAttempts: unlimited,
		},
		Summary: q.summary,
	})
	err := workflow.ExecuteActivity(ctx, q.activity, q.recorded(e.policy)).Get(ctx, q.answer)
	r.local.full = false // the answer begins another task
	return decode(err)
}

// invokeLocal calls an activity of a local step, with retries that cost no history.
func (r *run) invokeLocal(ctx workflow.Context, q request, p policy) *failure {
	r.local.begin(workflow.Now(ctx))
	defer func() { r.local.end(workflow.Now(ctx)) }()
	startToClose := cmp.Or(q.step.startToClose, r.o.Timing.LocalStartToClose)
	return r.callLocally(ctx, q, p, startToClose, localLimit*startToClose, unlimited)
}

// callLocally calls an activity in the present workflow task.
func (r *run) callLocally(ctx workflow.Context, q request, p policy, startToClose, limit time.Duration, attempts int32) *failure {
	t := r.o.Timing
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    startToClose,
		ScheduleToCloseTimeout: limit,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: t.RetryInitial, BackoffCoefficient: 2, MaximumInterval: t.RetryMax, MaximumAttempts: attempts,
		},
		Summary: q.summary,
	})
	return decode(workflow.ExecuteLocalActivity(ctx, q.activity, q.arg(p)).Get(ctx, q.answer))
}
