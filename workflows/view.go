package workflows

import (
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/workflows/moment"
)

// orderSaga is the state of an order's saga.
type orderSaga struct {
	in      Input
	record  order.Record // valid if created
	created bool
	quote   *catalog.Quote
	booking *shipping.Booking
	clock   moment.Clock // of the notes
}

// handle registers the handlers. It does so before the first blocking call: the
// first workflow task carries the placement's update.
func (s *orderSaga) handle(ctx workflow.Context) (workflow.Context, error) {
	ctx, err := saga.Host(ctx)
	if err != nil {
		return nil, err
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryOrder, func() (OrderView, error) {
		return s.view(saga.Progress(ctx, s.in.OrderID)), nil
	}, workflow.QueryHandlerOptions{Description: "the order with its saga"})
	if err != nil {
		return nil, fmt.Errorf("register query %s: %w", QueryOrder, err)
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdatePlace, func(ctx workflow.Context, _ PlaceRequest) (PlaceResult, error) {
		// Disconnected: the order becomes durable also if the workflow is cancelled,
		// and every repeated placement gets the outcome of this update.
		rest, _ := workflow.NewDisconnectedContext(ctx)
		if err := workflow.Await(rest, func() bool { return s.created }); err != nil {
			return PlaceResult{}, err
		}
		// Answer from the record, not from the request: it may be of an earlier call, or
		// of a workflow that the engine has forgotten.
		return PlaceResult{
			Fingerprint: s.record.Placement.Fingerprint,
			Nonce:       s.record.Placement.Nonce,
			Order:       s.view(saga.Progress(ctx, s.in.OrderID)),
		}, nil
	}, workflow.UpdateHandlerOptions{Description: "waits until the order is durable"})
	if err != nil {
		return nil, fmt.Errorf("register update %s: %w", UpdatePlace, err)
	}
	return ctx, nil
}

// asked returns the request that the order's record was made of, and whether it is
// the one of the run's input. The record came first, so it counts. Its answer has no
// address and no token: only the input has them, and only if it is the same request.
// Without them a step can be repeated, but not taken.
func (s *orderSaga) asked() (p Placement, ours bool) {
	p = s.record.Placement
	if p.PaymentToken != "" { // a build before v0.2.0 has recorded the answer with both
		return p, true
	}
	if p.Fingerprint != s.in.Placement.Fingerprint {
		return p, false
	}
	p.ShipTo, p.PaymentToken = s.in.Placement.ShipTo, s.in.Placement.PaymentToken
	return p, true
}

// closing returns the input of the last step: the decision, and the view as it will
// be once that step is done.
func (s *orderSaga) closing(ctx workflow.Context, step string, status order.Status, reason order.Reason) (order.Closing, error) {
	now := workflow.Now(ctx)
	progress := saga.Progress(ctx, s.in.OrderID)
	v := s.view(progress)
	v.Status, v.Reason, v.UpdatedAt = status, reason, now
	steps := v.Steps[:0]
	for _, st := range v.Steps {
		if st.State == saga.Waiting && st.StartedAt == nil || st.Name == step {
			continue
		}
		st.Exposure = "" // after the last step the order holds nothing
		steps = append(steps, st)
	}
	v.Steps = append(steps, saga.StepView{Name: step, State: saga.Done, Attempts: 1, StartedAt: &now, EndedAt: &now})
	// The checker reports Marshal for its caches and for maps; a view has no map.
	data, err := json.Marshal(v) //workflowcheck:ignore
	if err != nil {
		return order.Closing{}, fmt.Errorf("encode the order's view: %w", err)
	}
	return order.Closing{Reason: reason, Total: v.Total, View: data, Note: s.noteOf(ctx, progress)}, nil
}

// view joins the order's record with the progress of its saga.
func (s *orderSaga) view(progress saga.View) OrderView {
	asked := s.in.Placement
	v := OrderView{
		ID: s.in.OrderID, Status: order.Pending,
		NeedsAttention: len(progress.Attention) > 0,
		Attention:      append([]saga.Attention{}, progress.Attention...),
		Waivers:        s.waivers(progress),
		Repairs:        append([]saga.Repair{}, progress.Repairs...),
		Steps:          append([]saga.StepView{}, progress.Steps...),
		CreatedAt:      asked.PlacedAt, UpdatedAt: asked.PlacedAt,
		Parcels: []ParcelView{},
	}
	if s.created {
		asked = s.record.Placement
		v.Status, v.Reason, v.Style = s.record.Status, s.record.Reason, s.record.Placement.Style
		v.CreatedAt, v.UpdatedAt, v.Total = s.record.CreatedAt, s.record.UpdatedAt, s.record.Total
	}
	if s.in.Resumed != nil {
		v.Repairs = append([]saga.Repair{*s.in.Resumed}, v.Repairs...)
	}
	v.CustomerID, v.Currency = asked.CustomerID, asked.Currency
	for _, st := range v.Steps {
		if st.EndedAt != nil && st.EndedAt.After(v.UpdatedAt) {
			v.UpdatedAt = *st.EndedAt
		}
	}
	v.Acknowledge(s.record.Acknowledgements) // of the runs before this one
	s.addPrices(&v, asked.Lines)
	s.addParcels(&v, progress)
	return v
}

func (s *orderSaga) addPrices(v *OrderView, asked []Line) {
	for i, l := range asked {
		line := LineView{SKU: l.SKU, Quantity: l.Quantity}
		if s.quote != nil && i < len(s.quote.Lines) {
			line.UnitPrice = &s.quote.Lines[i].UnitPrice
		}
		v.Lines = append(v.Lines, line)
	}
	if s.quote != nil {
		v.Total = &s.quote.Total
	}
}

func (s *orderSaga) addParcels(v *OrderView, progress saga.View) {
	if s.booking == nil {
		return
	}
	step, _ := progress.Step(activities.BookParcels.Name)
	for _, p := range s.booking.Shipments {
		state := p.State
		if step.State == saga.Undone {
			state = shipping.Cancelled
		}
		v.Parcels = append(v.Parcels, ParcelView{Warehouse: p.Warehouse, TrackingNumber: p.TrackingNumber, State: string(state)})
	}
}

// The same lines in the types of each service.

func quoteLines(lines []Line) []catalog.Line {
	out := make([]catalog.Line, 0, len(lines))
	for _, l := range lines {
		out = append(out, catalog.Line(l))
	}
	return out
}

func stockLines(lines []Line) []inventory.Line {
	out := make([]inventory.Line, 0, len(lines))
	for _, l := range lines {
		out = append(out, inventory.Line(l))
	}
	return out
}

func parcels(r inventory.Reservation) []shipping.Parcel {
	out := make([]shipping.Parcel, 0, len(r.Parcels))
	for _, p := range r.Parcels {
		parcel := shipping.Parcel{Warehouse: p.Warehouse}
		for _, l := range p.Lines {
			parcel.Lines = append(parcel.Lines, shipping.Line(l))
		}
		out = append(out, parcel)
	}
	return out
}

func shipTo(a Address) shipping.Address { return shipping.Address(a) }
