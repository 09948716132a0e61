package lookup

import (
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// Snapshot returns an order as the read model has it. Its lists are never nil.
func Snapshot(f query.Found) read.Snapshot {
	o := f.Order
	v := workflows.OrderView{
		ID: o.ID, CustomerID: o.CustomerID, Status: order.Status(o.Status), Style: order.Style(o.Style), Reason: order.Reason(o.Reason),
		Currency: o.Currency, Total: amount(o.Total), Refunded: amount(o.Refunded), NeedsAttention: o.NeedsAttention(), CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
		Lines: []workflows.LineView{}, Attention: []saga.Attention{}, Steps: []saga.StepView{}, Parcels: []workflows.ParcelView{},
		Waivers: []saga.Waiver{}, Repairs: []saga.Repair{}, // which it does not have
	}
	for _, l := range o.Lines {
		v.Lines = append(v.Lines, workflows.LineView{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: amount(l.UnitPrice)})
	}
	for _, a := range o.Attention {
		v.Attention = append(v.Attention, saga.Attention{
			Step: a.Step, Code: a.Code, Kind: a.Kind, Since: a.Since, Owed: a.Owed, Lasting: a.Lasting, Saga: a.Saga,
		})
	}
	for _, s := range o.Steps {
		v.Steps = append(v.Steps, Step(s))
	}
	for _, p := range o.Parcels {
		v.Parcels = append(v.Parcels, workflows.ParcelView(p))
	}
	return read.Snapshot{OrderView: v, Source: read.FromReadModel, Version: f.Version, AsOf: f.AsOf}
}

// Step returns a step as the read model has it.
func Step(s query.Step) saga.StepView {
	return saga.StepView{
		Name: s.Name, State: saga.State(s.State), Attempts: s.Attempts, StartedAt: moment(s.StartedAt), EndedAt: moment(s.EndedAt), Error: s.Error,
		Exposure: s.Exposure,
	}
}

// amount returns nil for the zero amount, which has no currency.
func amount(a money.Amount) *money.Amount {
	if a == (money.Amount{}) {
		return nil
	}
	return &a
}

// moment returns nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
