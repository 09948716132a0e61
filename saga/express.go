package saga

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

const (
	// expressTime is how long express tries may keep one workflow task, together: until
	// it ends, nobody sees the saga's progress, and no update is handled.
	expressTime = 3 * time.Second
	// leastTry is the shortest time that a try is worth.
	leastTry = 250 * time.Millisecond
)

// localTries measures the local activities of a workflow task. Within a task the
// workflow's time moves only when one of them ends, so it has moved by itself if a new
// task has begun.
type localTries struct {
	since time.Time // the first of this task began
	ended time.Time // the last one
	open  int
	full  bool // no try may be made
}

// begin notes a local activity, and returns how long the task has run them already.
func (l *localTries) begin(now time.Time) (run time.Duration) {
	if l.open == 0 && !now.Equal(l.ended) {
		l.since = now
		l.full = l.full && l.ended.IsZero()
	}
	l.open++
	return now.Sub(l.since)
}

func (l *localTries) end(now time.Time) {
	l.open--
	l.ended = now
}

// decides reports whether a try that fails so is the step's outcome. A bug may be of the
// way to the service, so that the durable attempt has to find it too.
func decides(k fault.Kind) bool { return k == fault.Business || k == fault.Suspension }

// EndTask ends the present workflow task with the next express step, which goes the
// durable way, as do those that begin at the same time: the answer of an update leaves with the end of the task, and progress is
// seen. (A timer would do it too, but engines fire timers up to a second late.) It does
// nothing in a saga that is not express.
func EndTask(ctx workflow.Context) { from(ctx).local.full = true }

// try makes an express step's first try, if there is time for it.
func (r *run) try(ctx workflow.Context, q request, p policy) *failure {
	run := r.local.begin(workflow.Now(ctx))
	defer func() { r.local.end(workflow.Now(ctx)) }()
	limit := min(cmp.Or(q.step.express, time.Second), expressTime-run)
	if limit < leastTry || r.local.full {
		return &failure{code: fault.Timeout, kind: fault.Transient}
	}
	return r.callLocally(ctx, q, p, limit, limit, 1)
}

// expire turns a decide-by time that has passed into a wish: an express saga has no timer
// before its first durable step.
func (r *run) expire() {
	if len(r.o.Express) > 0 && !r.o.DecideBy.IsZero() && !workflow.Now(r.outer).Before(r.o.DecideBy) {
		r.wishFor(Deadline)
	}
}
