package workflows

import (
	"cmp"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/workflows/repay"
)

// plan lists every step that an order may take.
var plan = saga.NewPlan(
	activities.CreateOrder,
	activities.QuoteOrder,
	activities.ReserveStock,
	activities.AuthorizePayment,
	activities.BookParcels,
	activities.CapturePayment,
	activities.CommitStock,
	activities.ConfirmOrder,
).OnAbort(activities.DecideOrder, activities.CancelOrder)

// Options configure the workflows. They may differ from run to run: no history
// depends on them.
type Options struct {
	// Queues maps a service's name to its task queue; a service without an entry has a
	// queue of its own name.
	Queues map[string]string
	// Timing are the saga's limits; the zero value is [saga.DefaultTiming].
	Timing saga.Timing
}

// Registry is where workflows are registered: a Temporal worker, the replayer,
// or the test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers the order workflow as [PlaceOrder], the one that pays back as
// [repay.RefundOrder], and the workflow that marks finished orders as reviewed as
// [AcknowledgeOrder].
func Register(r Registry, o Options) {
	r.RegisterWorkflowWithOptions(o.placeOrder, workflow.RegisterOptions{Name: PlaceOrder})
	repay.Register(r, repay.Options{Queues: o.Queues, Timing: o.Timing, NeedsAttention: &AttributeNeedsAttention})
	r.RegisterWorkflowWithOptions(o.acknowledge, workflow.RegisterOptions{Name: AcknowledgeOrder})
}

// placeOrder is the order saga. Its result is the decided order; it fails only for an
// input that no saga can run with.
func (o Options) placeOrder(ctx workflow.Context, in Input) (OrderView, error) {
	in = in.OnEngineClock(workflow.GetInfo(ctx).WorkflowStartTime)
	s := &orderSaga{in: in}
	ctx, err := s.handle(ctx)
	if err != nil {
		return OrderView{}, err
	}
	var against fault.Code
	if in.Undo {
		against = saga.Deadline
	}
	view, err := saga.Run(ctx, saga.Options{
		ID:             in.OrderID,
		Plan:           plan,
		DecideBy:       in.Placement.DecideBy,
		Queues:         o.Queues,
		Timing:         o.Timing,
		Express:        in.Express,
		Against:        against,
		Decided:        s.decide,
		Notice:         s.note,
		Amount:         s.amount,
		NeedsAttention: &AttributeNeedsAttention,
		Aborted:        s.cancel,
	}, s.place)
	if err != nil {
		return OrderView{}, err
	}
	return s.view(view), nil
}

// place takes an order forward.
func (s *orderSaga) place(ctx workflow.Context) error {
	if err := s.create(ctx); err != nil {
		return err
	}
	if s.record.Style() == order.Choreographed && !s.in.Undo {
		return nil // the record came first, and its saga goes on without a workflow
	}
	asked, ours := s.asked()
	if (s.record.Against() != "" || !ours) && saga.Progress(ctx, s.in.OrderID).Phase == saga.Forward {
		// An earlier run was aborted. The steps that it has undone would only answer that,
		// but the others, and those that are waived, would take effect anew. Or this run
		// has the input of another request, so it cannot take the order forward.
		return fault.Errorf(fault.Suspension, fault.Suspended, "the order was aborted")
	}

	quote, err := saga.Do(ctx, activities.QuoteOrder, catalog.QuoteRequest{
		Currency: asked.Currency, Lines: quoteLines(asked.Lines),
	})
	if err != nil {
		return err
	}
	s.quote = &quote

	stock := saga.Go(ctx, activities.ReserveStock, inventory.ReserveRequest{Lines: stockLines(asked.Lines)})
	var funds *saga.Promise[payment.Authorization]
	if !quote.Total.IsZero() { // there is no authorization of nothing
		funds = saga.Go(ctx, activities.AuthorizePayment, payment.AuthorizeRequest{Amount: quote.Total, Token: asked.PaymentToken})
	}
	reservation, err := stock.Get(ctx)
	if err != nil {
		return err
	}
	if _, err := funds.Get(ctx); err != nil {
		return err
	}

	booking, err := saga.Do(ctx, activities.BookParcels, shipping.BookRequest{
		ShipTo: shipTo(asked.ShipTo), Parcels: parcels(reservation),
	})
	if err != nil {
		return err
	}
	s.booking = &booking

	// The pivot: before it everything can be undone silently, after it the saga
	// only goes forward. Without a price it is as much a point of no return.
	if _, err := saga.Do(ctx, activities.CapturePayment, payment.CaptureRequest{Amount: quote.Total}); err != nil {
		return err
	}

	// Please do not run these two in parallel: the order's record keeps the view
	// that is final, so the step that stores it comes last. It costs nothing, as
	// it runs in the workflow task that handles the commit's answer.
	if _, err := saga.Do(ctx, activities.CommitStock, saga.None{}); err != nil {
		return err
	}
	return s.confirm(ctx)
}

// create makes the order durable. A placement waits for it.
func (s *orderSaga) create(ctx workflow.Context) error {
	record, err := saga.Do(ctx, activities.CreateOrder, s.in.Placement)
	if err != nil {
		return err
	}
	s.record, s.created = record, true
	if len(s.in.Express) > 0 && !workflow.AllHandlersFinished(ctx) {
		saga.EndTask(ctx) // with it leaves the answer to the placement, which waits for no more than this
	}
	return nil
}

// confirm ends an order that is committed.
func (s *orderSaga) confirm(ctx workflow.Context) error {
	return s.close(ctx, activities.ConfirmOrder, order.Confirmed, "")
}

// decide makes the decision to abort an order durable before anything is undone, and
// reads the record of earlier runs: the first reason, which stays, and the waivers.
func (s *orderSaga) decide(ctx workflow.Context, d saga.Decision) ([]saga.Waiver, error) {
	// Done before, unless the saga was stopped on its first step. In undo mode the
	// request may be lost, and the steps are undone all the same; the record comes last.
	if !s.created && !s.in.Undo {
		if err := s.create(ctx); err != nil {
			return nil, err
		}
	}
	record, err := saga.Do(ctx, activities.DecideOrder, order.Decision{Reason: reasonOf(d), At: workflow.Now(ctx)})
	if err != nil || record.ID == "" {
		return nil, err
	}
	s.record, s.created = record, true
	s.flag(ctx, d)
	return s.waivers(saga.View{}), nil
}

// flag flags an order that a bug has aborted. A run that meets the undone steps of an
// earlier one is no bug, and needs a review only if the earlier run left no reason;
// the flags of the earlier run are more precise than a new one.
func (s *orderSaga) flag(ctx workflow.Context, d saga.Decision) {
	bug := reasonOf(d) == order.Internal && d.Kind != fault.Suspension
	if !bug && s.record.Against() != order.Internal {
		return
	}
	earlier := 0
	for _, a := range s.record.Attention {
		if a.Lasting && !bug {
			saga.Raise(ctx, a.Step, a.Code)
			earlier++
		}
	}
	switch {
	case earlier > 0:
	case bug || d.Kind == fault.Suspension && d.Step != "":
		saga.Raise(ctx, d.Step, d.Code)
	default: // an earlier run recorded no reason, and its flag was lost or taken down
		saga.Raise(ctx, activities.DecideOrder.Name, fault.Internal)
	}
}

// cancel ends an order that is aborted, after everything is undone.
func (s *orderSaga) cancel(ctx workflow.Context, d saga.Decision) error {
	if !s.created { // in undo mode, for an order that has lost its record
		if err := s.create(ctx); err != nil {
			return err
		}
	}
	return s.close(ctx, activities.CancelOrder, order.Cancelled, cmp.Or(s.record.Against(), reasonOf(d)))
}

func (s *orderSaga) close(ctx workflow.Context, step saga.Step[order.Closing, order.Record], status order.Status, why order.Reason) error {
	closing, err := s.closing(ctx, step.Name, status, why)
	if err != nil {
		return err
	}
	record, err := saga.Do(ctx, step, closing)
	if err != nil {
		return err
	}
	s.record = record
	return workflow.UpsertTypedSearchAttributes(ctx, AttributeOrderStatus.ValueSet(string(record.Status)))
}
