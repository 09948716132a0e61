package saga

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// repairing connects the repairs of a step with its call.
type repairing struct {
	parked    bool                // the step is flagged and its call goes on
	calls     int                 // number of calls made since
	interrupt workflow.CancelFunc // ends the call, or the pause after it
	again     bool                // call again at once
	skip      *RepairRequest      // do not call again
}

// patient calls the activity until it succeeds or fails with one of the kinds in
// ends, however long that takes. ctx must be disconnected.
func (r *run) patient(ctx workflow.Context, q request, ends ...fault.Kind) *failure {
	return r.persist(ctx, q, r.parked(ends), func(f *failure) bool {
		return f == nil || slices.Contains(ends, f.kind)
	})
}

// persist calls the activity until the outcome is final.
//
// It makes at most two calls, which is all the history that it costs. The first one
// ends after ParkAfter, or at once with a failure that retrying cannot mend; then
// the step is flagged, with the failure's code. The second one has no limit: its
// retries cost no events, and it recovers by itself. (A timer beside one unlimited
// call would cost events in every saga, flagged or not, and would not know the
// code.) Only a repair ends the second call early: a retry for two more calls, a
// skip for none, and then the step is waived.
//
// A step with a [Step.Heartbeat] may need longer than ParkAfter. As long as each call
// gets further than the one before, it is called again instead of flagged: at most
// once per ParkAfter and per part of its work.
func (r *run) persist(ctx workflow.Context, q request, later effort, final func(*failure) bool) *failure {
	s, e := q.step, r.ordinary()
	e.local = true
	f := r.invoke(ctx, q, e)
	e.local = !q.express
	for reached := 0; !final(f) && f.after(reached); f = r.invoke(ctx, q, e) {
		reached = f.progress
	}
	for !final(f) {
		r.flag(s, f)
		if s.skip != nil {
			r.waive(s)
			break
		}
		if e = later; s.again {
			e = r.ordinary()
		}
		f = r.interruptible(ctx, q, e, final)
	}
	r.unflag(s)
	return f
}

// interruptible makes one call of a flagged step, which a repair may end. An attempt
// under way is waited for, and counts if it succeeds.
func (r *run) interruptible(ctx workflow.Context, q request, e effort, final func(*failure) bool) *failure {
	s := q.step
	call, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s.parked, s.interrupt, s.again = true, cancel, false
	s.calls++
	f := r.invoke(call, q, e)
	if !final(f) && e.limit == 0 && call.Err() == nil {
		// The engine itself has ended the call, for example because the result was too
		// large: do not spin. A repair ends this pause too.
		_ = workflow.Sleep(call, r.o.Timing.ParkedRetry)
	}
	return f
}
