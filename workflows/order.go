package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// plan is every step that an order may take.
var plan = saga.NewPlan(
	activities.CreateOrder,
	activities.QuoteOrder,
	activities.ReserveStock,
	activities.AuthorizePayment,
	activities.BookParcels,
	activities.CapturePayment,
	activities.CommitStock,
	activities.ConfirmOrder,
).OnAbort(activities.CancelOrder)

// Options configure the order workflow. They may differ from run to run: no
// history depends on them.
type Options struct {
	// Queues maps a service's name to its task queue; a missing one is its own queue.
	Queues map[string]string
	// Timing are the saga's limits; the zero value is [saga.DefaultTiming].
	Timing saga.Timing
}

// Registry is where workflows are registered: a Temporal worker, the replayer,
// or the test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers the order workflow as [PlaceOrder], the doctor as [Reconcile],
// and what is left to say of a decided order as [AcknowledgeOrder].
func Register(r Registry, o Options) {
	r.RegisterWorkflowWithOptions(o.placeOrder, workflow.RegisterOptions{Name: PlaceOrder})
	r.RegisterWorkflowWithOptions(o.reconcile, workflow.RegisterOptions{Name: Reconcile})
	r.RegisterWorkflowWithOptions(o.acknowledge, workflow.RegisterOptions{Name: AcknowledgeOrder})
}

// placeOrder is the order saga. Its result is the decided order; it never fails
// for a reason that lies in the order.
func (o Options) placeOrder(ctx workflow.Context, in Input) (OrderView, error) {
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
		Against:        against,
		Waived:         in.Waived,
		Notice:         s.note,
		NeedsAttention: &needsAttention,
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
	asked := s.record.Placement // of the record, not of the input: the record came first

	quote, err := saga.Do(ctx, activities.QuoteOrder, catalog.QuoteRequest{
		Currency: asked.Currency, Lines: quoteLines(asked.Lines),
	})
	if err != nil {
		return err
	}
	s.quote = &quote

	stock := saga.Go(ctx, activities.ReserveStock, inventory.ReserveRequest{Lines: stockLines(asked.Lines)})
	funds := saga.Go(ctx, activities.AuthorizePayment, payment.AuthorizeRequest{Amount: quote.Total, Token: asked.PaymentToken})
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
	// only goes forward.
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

// create makes the order durable. It is what a placement waits for.
func (s *orderSaga) create(ctx workflow.Context) error {
	record, err := saga.Do(ctx, activities.CreateOrder, s.in.Placement)
	if err != nil {
		return err
	}
	s.record, s.created = record, true
	return nil
}

// confirm is the end of an order that goes well.
func (s *orderSaga) confirm(ctx workflow.Context) error {
	return s.close(ctx, activities.ConfirmOrder, order.Confirmed, "")
}

// cancel is the end of an order that was decided against; everything is undone.
func (s *orderSaga) cancel(ctx workflow.Context, d saga.Decision) error {
	if err := s.create(ctx); err != nil { // done before, unless the saga was stopped on its first step
		return err
	}
	earlier := s.record // as an earlier run has left it
	why := reason(d)
	if why == order.Internal && d.Kind != fault.Suspension {
		saga.Raise(ctx, d.Step, d.Code)
	}
	if err := s.close(ctx, activities.CancelOrder, order.Cancelled, why); err != nil {
		return err
	}
	// That an earlier run was decided against is worth a look only if it left no
	// reason behind: the record keeps the one that was written first.
	if s.record.Reason != order.Internal {
		return nil
	}
	if earlier.Status == order.Pending || !earlier.NeedsAttention() {
		saga.Raise(ctx, d.Step, d.Code)
		return nil
	}
	for _, a := range earlier.Attention { // what it says is the reason, and stays
		saga.Raise(ctx, a.Step, fault.Code(a.Code))
	}
	return nil
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
	return workflow.UpsertTypedSearchAttributes(ctx, orderStatus.ValueSet(string(record.Status)))
}

var (
	orderStatus    = temporal.NewSearchAttributeKeyKeyword(AttributeOrderStatus)
	needsAttention = temporal.NewSearchAttributeKeyBool(AttributeNeedsAttention)
)
