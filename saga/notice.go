package saga

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// messenger calls [Options.Notice] with the news of a saga.
type messenger struct {
	dirty   bool                // Notice has not seen the latest news
	running bool                // a call of Notice is under way
	cancel  workflow.CancelFunc // ends it
}

// news publishes a change of the flags or the waivers. A call of Notice that is under
// way has older news, and may wait for a service that is down: it is ended.
func (r *run) news() {
	r.changed()
	if r.o.Notice == nil {
		return
	}
	r.notice.dirty = true
	if r.notice.running {
		r.notice.cancel()
		return
	}
	r.notice.running, r.notice.cancel = true, func() {}
	rest, _ := workflow.NewDisconnectedContext(r.outer)
	workflow.GoNamed(rest, "saga-notice", r.deliver)
}

// deliver calls Notice until it has seen the latest news.
func (r *run) deliver(ctx workflow.Context) {
	for r.notice.dirty {
		r.notice.dirty = false
		call, cancel := workflow.WithCancel(ctx)
		r.notice.cancel = cancel
		err := r.o.Notice(workflow.WithValue(with(call, r), noticeKey{}, true), r.view())
		cancel()
		if err != nil && !r.notice.dirty {
			// The saga's own view and search attribute have the news all the same.
			workflow.GetLogger(ctx).Error("the saga's notice failed", "saga", r.o.ID, "code", string(fault.CodeOf(err)))
			workflow.GetMetricsHandler(ctx).Counter("amends_saga_unnoticed").Inc(1)
		}
	}
	r.notice.running = false
}

// noticeKey marks the context of a notice.
type noticeKey struct{}

func noticing(ctx workflow.Context) bool { return ctx.Value(noticeKey{}) != nil }

// tell takes a step of a notice. It is not a step of the saga: it is in no plan and
// no view, and its failure changes nothing. It is retried until it succeeds, it
// fails for a reason that retrying cannot mend, or there is newer news.
func tell[In, Out any](ctx workflow.Context, r *run, s Step[In, Out], in In) (Out, error) {
	if s.Kind != Recorded && s.Kind != Closing {
		panic(fmt.Sprintf("saga %s: a notice cannot take step %s, which is %s", r.o.ID, s.Name, s.Kind))
	}
	q := doOf(r, &stepRun{stepInfo: s.info()}, s, in)
	e := r.ordinary()
	e.limit, e.local = 0, true
	if f := r.invoke(ctx, q, e); f != nil {
		var zero Out
		return zero, f.fault()
	}
	return output[Out](r, s.Name, q.answer), nil
}
