package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
)

// none is the argument of a question that has none.
var none saga.None

const (
	// answerTime is how long one question may take.
	answerTime = time.Minute
	// lowest is the priority of the doctor's questions on a task queue that is
	// backed up: after every order's steps.
	lowest = 5
	// pagesPerStretch is how many pages a service is asked for between two pages of
	// orders. One holds the sagas of a page of orders, several what belongs to no
	// order; so many, and the history of one run could grow without bound.
	pagesPerStretch = 30
	// describeAtOnce is how many sagas one question to the engine is about.
	describeAtOnce = 50
)

// errTooMany is the answer of a service that knows so many sagas without an order
// that there is no point in naming all of them.
var errTooMany = errors.New("it has far more sagas than there are orders: was the order database restored from an older backup?")

// start asks a question.
func start[In, Out any](ctx workflow.Context, d *doctor, q activities.Audit[In, Out], in In) workflow.Future {
	queue, ok := d.queues[q.Queue]
	if !ok {
		queue = q.Queue
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

// facts collects what everybody has, by saga.
type facts struct {
	list []*Facts
	of   map[string]*Facts
}

func newFacts() *facts { return &facts{of: map[string]*Facts{}} }

func (a *facts) at(saga string) *Facts {
	f := a.of[saga]
	if f == nil {
		f = &Facts{Saga: saga}
		a.of[saga], a.list = f, append(a.list, f)
	}
	return f
}

func (a *facts) orders(p orderaudit.Page) {
	for i := range p.Facts {
		a.at(p.Facts[i].ID).Order = &p.Facts[i]
	}
}

// others asks the other services about the sagas of r, all at once, and then the
// engine about those that are overdue. What somebody does not answer is noted in
// the report and in every saga's facts. Its error is that ctx ended.
func (d *doctor) others(ctx workflow.Context, r audit.Range, all *facts) error {
	waiting := workflow.NewWaitGroup(ctx)
	var unasked []string
	services := []struct {
		name string
		ask  func(ctx workflow.Context, r audit.Range) (next string, err error)
	}{
		{"catalog", func(ctx workflow.Context, r audit.Range) (string, error) {
			p, err := ask(ctx, d, activities.AuditQuotes, r)
			each(p.Facts, func(f *catalogaudit.Fact) { all.at(f.Saga).Catalog = f })
			return p.Next, err
		}},
		{"inventory", func(ctx workflow.Context, r audit.Range) (string, error) {
			p, err := ask(ctx, d, activities.AuditReserved, r)
			each(p.Facts, func(f *inventoryaudit.Fact) { all.at(f.Saga).Inventory = f })
			return p.Next, err
		}},
		{"payment", func(ctx workflow.Context, r audit.Range) (string, error) {
			p, err := ask(ctx, d, activities.AuditPayments, r)
			each(p.Facts, func(f *paymentaudit.Fact) { all.at(f.Saga).Payment = f })
			return p.Next, err
		}},
		{"shipping", func(ctx workflow.Context, r audit.Range) (string, error) {
			p, err := ask(ctx, d, activities.AuditParcels, r)
			each(p.Facts, func(f *shippingaudit.Fact) { all.at(f.Saga).Shipping = f })
			return p.Next, err
		}},
	}
	for _, s := range services {
		waiting.Add(1)
		workflow.GoNamed(ctx, "ask-"+s.name, func(ctx workflow.Context) {
			defer waiting.Done()
			for r, pages := r, 1; ; pages++ {
				next, err := s.ask(ctx, r)
				if err == nil && next != "" && pages == pagesPerStretch {
					err = errTooMany
				}
				if err != nil {
					unasked = append(unasked, s.name)
					d.report.unasked(s.name, err)
					return
				}
				if next == "" {
					return
				}
				r.After = next // its page was full: it goes on behind it
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

func each[T any](all []T, f func(*T)) {
	for i := range all {
		f(&all[i])
	}
}

// engine asks the engine about the orders that should have been decided.
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
			d.report.unasked("engine", err)
			for _, f := range all.list {
				f.Unasked = append(slices.Clip(f.Unasked), "engine")
			}
			return nil
		}
		each(sagas, func(s *activities.SagaFact) { all.at(s.Order).Engine = s })
	}
	return nil
}
