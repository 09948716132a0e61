package orders

import (
	"cmp"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	service "github.com/amends/amends/services/order"
)

// Render returns the order as its customer may see it, without operators and their
// words. Lists are never null.
func Render(s read.Snapshot) contract.Order {
	o := contract.Order{
		Id: s.ID, CustomerId: Optional(s.CustomerID), Currency: Optional(string(s.Currency)),
		Status: string(s.Status), Style: contract.Style(cmp.Or(s.Style, service.Orchestrated)), Reason: Optional(string(s.Reason)), Total: amount(s.Total), Refunded: amount(s.Refunded),
		NeedsAttention: s.NeedsAttention, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(), Source: contract.OrderSource(s.Source),
		Lines: []contract.Line{}, Attention: RenderAttention(s.Attention), Steps: []contract.Step{}, Parcels: []contract.Parcel{},
	}
	if !s.AsOf.IsZero() {
		o.AsOf = new(s.AsOf.UTC())
	}
	for _, l := range s.Lines {
		o.Lines = append(o.Lines, contract.Line{Sku: l.SKU, Quantity: l.Quantity, UnitPrice: amount(l.UnitPrice)})
	}
	for _, v := range s.Steps {
		o.Steps = append(o.Steps, RenderStep(v))
	}
	for _, p := range s.Parcels {
		o.Parcels = append(o.Parcels, contract.Parcel{Warehouse: p.Warehouse, TrackingNumber: p.TrackingNumber, State: p.State})
	}
	return o
}

// RenderStep renders a step.
func RenderStep(v saga.StepView) contract.Step {
	return contract.Step{
		Name: v.Name, State: string(v.State), Attempts: v.Attempts, StartedAt: v.StartedAt, EndedAt: v.EndedAt,
		Error: Optional(string(v.Error)), Exposure: Optional(v.Exposure),
	}
}

// RenderAttention renders flags; the list is never null.
func RenderAttention(flags []saga.Attention) []contract.Attention {
	all := make([]contract.Attention, len(flags))
	for i, f := range flags {
		all[i] = contract.Attention{Step: f.Step, Code: string(f.Code), Kind: string(f.Kind), Since: f.Since.UTC(), Owed: f.Owed, Saga: Optional(f.Saga)}
	}
	return all
}

func amount(a *money.Amount) *contract.Money {
	if a == nil {
		return nil
	}
	return &contract.Money{Amount: a.Minor, Currency: string(a.Currency)}
}

// Optional returns nil for the empty string, which is left out of an answer.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
