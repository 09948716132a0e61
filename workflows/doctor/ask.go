package doctor

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/order"
)

const (
	// answerTime limits the answer to one question.
	answerTime = time.Minute
	// lowest is the priority of the doctor's questions on a task queue with a
	// backlog: after the steps of every order.
	lowest = 5
	// pagesPerRange is the number of pages that a service is asked for between two
	// pages of orders. One holds the sagas of a page of orders; several hold sagas
	// without an order, and without a limit the history of one run could grow
	// without bound.
	pagesPerRange = 30
	// describeAtOnce is the number of sagas in one question to the engine.
	describeAtOnce = 50
)

// engine is the name under which the engine is reported as not asked.
const engine = "engine"

// errTooMany is the error of a service with so many sagas that have no order that
// listing all of them is pointless.
var errTooMany = errors.New("it has far more sagas than there are orders: was the order database restored from an older backup?")

// start asks a question.
func start[In, Out any](ctx workflow.Context, d *doctor, q activities.Audit[In, Out], in In) workflow.Future {
	queue, ok := d.queues[q.Service]
	if !ok {
		queue = q.Service
	}
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    answerTime,
		ScheduleToCloseTimeout: d.in.Patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
		Priority:               temporal.Priority{PriorityKey: lowest},
	}), q.Name, in)
}

// ask asks a question and waits for the answer.
func ask[In, Out any](ctx workflow.Context, d *doctor, q activities.Audit[In, Out], in In) (out Out, err error) {
	err = start(ctx, d, q, in).Get(ctx, &out)
	return out, err
}

// others asks the other services about the sagas of r, all at once, and then the
// engine about overdue ones. A service that does not answer is noted in the report
// and in every saga's facts. The only error is that ctx ended.
func (d *doctor) others(ctx workflow.Context, r audit.Range, all *facts) error {
	waiting := workflow.NewWaitGroup(ctx)
	var unasked []string
	for _, s := range services {
		waiting.Add(1)
		workflow.GoNamed(ctx, "ask-"+s.name, func(ctx workflow.Context) {
			defer waiting.Done()
			if err := d.pages(ctx, s, r, all); err != nil {
				unasked = append(unasked, s.name)
				d.report.unasked(s.name, err)
			}
		})
	}
	waiting.Wait(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, f := range all.list {
		f.Unasked = unasked
	}
	return d.engine(ctx, all)
}

// pages asks one service for all its facts about r.
func (d *doctor) pages(ctx workflow.Context, s service, r audit.Range, all *facts) error {
	for range pagesPerRange {
		next, err := s.ask(ctx, d, r, all)
		if err != nil || next == "" {
			return err
		}
		r.After = next
	}
	return errTooMany
}

// engine asks the engine about the sagas of overdue orders.
func (d *doctor) engine(ctx workflow.Context, all *facts) error {
	var ids []string
	for _, f := range all.list {
		if o := f.Order; o != nil && o.Status == order.Pending && workflow.Now(ctx).Sub(o.Due()) >= d.in.Grace {
			ids = append(ids, f.Saga)
		}
	}
	for some := range slices.Chunk(ids, describeAtOnce) {
		sagas, err := ask(ctx, d, activities.DescribeSagas, some)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.unasked(engine, err)
			for _, f := range all.list {
				f.Unasked = append(slices.Clip(f.Unasked), engine)
			}
			return nil
		}
		for i := range sagas {
			all.at(sagas[i].Order).Engine = &sagas[i]
		}
	}
	return nil
}

// totals asks the services about their rows as a whole.
func (d *doctor) totals(ctx workflow.Context) error {
	answers := make([]workflow.Future, len(totals))
	for i, t := range totals {
		answers[i] = start(ctx, d, t.question, audit.Whole{})
	}
	for i, t := range totals {
		var wrong []string
		if err := answers[i].Get(ctx, &wrong); err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.unasked(t.question.Service, err)
		}
		for _, w := range wrong {
			d.report.add(Finding{Invariant: t.invariant, Kind: t.kind, Service: t.question.Service, Detail: w})
		}
	}
	return nil
}
