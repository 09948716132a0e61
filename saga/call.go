package saga

import (
	"cmp"
	"math"
	"slices"
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
	answer   any // pointer to what the result is decoded into
}

// unlimited attempts. Zero means the same to the engine, but ten to the test
// environment.
const unlimited = math.MaxInt32

// localTries is how many start-to-closes a local step may use up before it goes
// on as an ordinary activity: a local retry costs history, an ordinary one none.
const localTries = 2

// invoke calls the activity until it succeeds, fails with a kind that the policy
// ends on, ctx ends, or limit (0: none) has passed.
func (r *run) invoke(ctx workflow.Context, q request, p policy, limit time.Duration) *failure {
	if q.step.local() && !p.Parked {
		f := r.invokeLocal(ctx, q, p)
		if f == nil || f.code == canceled || p.ends(f.kind) {
			return f
		}
	}
	t := r.o.Timing
	retry := temporal.RetryPolicy{
		InitialInterval: t.RetryInitial, BackoffCoefficient: 2, MaximumInterval: t.RetryMax, MaximumAttempts: unlimited,
	}
	if p.Parked {
		retry.InitialInterval, retry.MaximumInterval = t.RetryMax, t.ParkedRetry
	}
	queue := workflow.GetInfo(ctx).TaskQueueName
	if !q.step.local() {
		queue = r.o.queue(q.step.queue)
	}
	startToClose := cmp.Or(q.step.startToClose, t.StartToClose)
	if limit > 0 {
		limit = max(limit, startToClose)
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    startToClose,
		ScheduleToCloseTimeout: limit,
		WaitForCancellation:    true, // an attempt under way may take effect: see its end
		RetryPolicy:            &retry,
		Summary:                q.summary,
	})
	return decode(workflow.ExecuteActivity(ctx, q.activity, q.arg(p)).Get(ctx, q.answer))
}

func (r *run) invokeLocal(ctx workflow.Context, q request, p policy) *failure {
	t := r.o.Timing
	startToClose := cmp.Or(q.step.startToClose, t.LocalStartToClose)
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    startToClose,
		ScheduleToCloseTimeout: localTries * startToClose,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: t.RetryInitial, BackoffCoefficient: 2, MaximumInterval: t.RetryMax, MaximumAttempts: unlimited,
		},
		Summary: q.summary,
	})
	return decode(workflow.ExecuteLocalActivity(ctx, q.activity, q.arg(p)).Get(ctx, q.answer))
}

// patient calls the activity until it succeeds or fails with one of the kinds in
// ends, however long that takes. ctx must be disconnected.
//
// It makes at most two calls that cost history. The first one ends after
// ParkAfter, or at once with a failure that retrying cannot mend; that is when
// the step is flagged, with the failure's code. The second one has no limit and
// retries everything, slowly: it costs no events and heals by itself. (A timer
// beside one unlimited call would cost events in every saga that needs no flag,
// and could not know the code.)
func (r *run) patient(ctx workflow.Context, q request, ends ...fault.Kind) *failure {
	f := r.invoke(ctx, q, policy{}, r.o.Timing.ParkAfter)
	for f != nil && !slices.Contains(ends, f.kind) {
		r.flag(q.step, f)
		f = r.invoke(ctx, q, policy{Parked: true, Ends: ends}, 0)
		if f != nil && !slices.Contains(ends, f.kind) {
			// Only the engine can have ended the call, for example because the result
			// was too large: do not spin.
			if err := workflow.Sleep(ctx, r.o.Timing.ParkedRetry); err != nil {
				panic("saga: a disconnected sleep ended: " + err.Error())
			}
		}
	}
	r.unflag(q.step)
	return f
}
