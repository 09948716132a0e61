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
	"github.com/amends/amends/workflows/doctor/judge"
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

// start asks the question of a name.
func (d *doctor) start(ctx workflow.Context, name, service string, in any) workflow.Future {
	queue, ok := d.queues[service]
	if !ok {
		queue = service
	}
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    answerTime,
		ScheduleToCloseTimeout: d.in.Patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
		Priority:               temporal.Priority{PriorityKey: lowest},
	}), name, in)
}

// ask asks a question and waits for the answer.
func ask[In, Out any](ctx workflow.Context, d *doctor, q activities.Audit[In, Out], in In) (out Out, err error) {
	err = d.start(ctx, q.Name, q.Service, in).Get(ctx, &out)
	return out, err
}

// others asks the other services about the sagas of r, all at once, and then the
// engine about overdue ones. A service that does not answer is noted in the report
// and in every saga's facts. The only error is that ctx ended.
func (d *doctor) others(ctx workflow.Context, r audit.Range, page *judge.Page) error {
	waiting := workflow.NewWaitGroup(ctx)
	var unasked []string
	for _, s := range judge.Services {
		// Orders do not depend on followers. One that was away once is not waited for at
		// every page.
		switch {
		case s.Follows && d.in.Alone:
			page.Absent = append(page.Absent, s.Name)
			continue
		case s.Follows && d.report.Missed(s.Name):
			unasked = append(unasked, s.Name)
			continue
		}
		waiting.Add(1)
		workflow.GoNamed(ctx, "ask-"+s.Name, func(ctx workflow.Context) {
			defer waiting.Done()
			if err := d.pages(ctx, s, r, page); err != nil {
				unasked = append(unasked, s.Name)
				d.report.Miss(s.Name, err)
			}
		})
	}
	waiting.Wait(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, name := range page.Absent {
		d.report.Lack(name)
	}
	for _, f := range page.List {
		f.Unasked, f.Told = append(slices.Clip(unasked), page.Absent...), page.Told
	}
	return d.engine(ctx, page)
}

// pages asks one service for all its facts about r.
func (d *doctor) pages(ctx workflow.Context, s judge.Service, r audit.Range, page *judge.Page) error {
	ask := func(name, service string, r audit.Range, out any) error {
		return d.start(ctx, name, service, r).Get(ctx, out)
	}
	for range pagesPerRange {
		next, err := s.Ask(ask, r, page)
		if err != nil || next == "" {
			return err
		}
		r.After = next
	}
	return errTooMany
}

// settledIn is the age from which the engine is asked about the saga of an undecided order:
// nearly all orders are decided before.
const settledIn = 10 * time.Second

// engine asks the engine about the sagas of undecided orders, which may have been stopped at
// any age, and of overdue refunds.
func (d *doctor) engine(ctx workflow.Context, page *judge.Page) error {
	var ids, refunds []string
	of := map[string]*judge.Facts{} // by refund
	overdue := func(since time.Time) bool { return workflow.Now(ctx).Sub(since) >= d.in.Grace }
	for _, f := range page.List {
		if f.Order == nil {
			continue
		}
		if f.Order.Status == order.Pending && !f.Order.Choreographed && workflow.Now(ctx).Sub(f.Order.CreatedAt) >= settledIn {
			ids = append(ids, f.Saga)
		}
		for _, r := range f.Order.Refunds {
			if overdue(r.At) {
				refunds, of[r.ID] = append(refunds, r.ID), f
			}
		}
	}
	err := d.describe(ctx, page, activities.DescribeSagas, ids, func(s *activities.SagaFact) { page.At(s.Order).Engine = s })
	if err != nil {
		return err
	}
	return d.describe(ctx, page, activities.DescribeRefunds, refunds, func(s *activities.SagaFact) {
		of[s.Order].Refunds = append(of[s.Order].Refunds, *s)
	})
}

// describe asks the engine about sagas, and calls take for each.
func (d *doctor) describe(ctx workflow.Context, page *judge.Page, q activities.Audit[[]string, []activities.SagaFact], ids []string, take func(*activities.SagaFact)) error {
	for some := range slices.Chunk(ids, describeAtOnce) {
		sagas, err := ask(ctx, d, q, some)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.Miss(engine, err)
			for _, f := range page.List {
				f.Unasked = append(slices.Clip(f.Unasked), engine)
			}
			return nil
		}
		for i := range sagas {
			take(&sagas[i])
		}
	}
	return nil
}

// totals asks the services about their rows as a whole.
func (d *doctor) totals(ctx workflow.Context) error {
	answers := make([]workflow.Future, len(judge.Totals))
	for i, t := range judge.Totals {
		if t.Follows() && (d.in.Alone || d.report.Missed(t.Question.Service)) || t.Long && !d.long(t.Kind) {
			continue
		}
		answers[i] = d.start(ctx, t.Question.Name, t.Queue(), audit.Whole{Pause: d.in.Pause})
	}
	for i, t := range judge.Totals {
		if answers[i] == nil {
			continue
		}
		var wrong []string
		if err := answers[i].Get(ctx, &wrong); err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.Miss(t.Question.Service, err)
		}
		for _, w := range wrong {
			d.report.Add(judge.Finding{Invariant: t.Invariant, Kind: t.Kind, Severity: judge.SeverityOf(t.Kind), Service: t.Question.Service, Detail: w})
		}
	}
	return nil
}
