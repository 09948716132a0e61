package api

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders"
)

// render is the order as its customer may see it: nothing that operators said, or
// who they are. Lists are never null.
func render(s orders.Snapshot) contract.Order {
	o := contract.Order{
		Id: s.ID, CustomerId: optional(s.CustomerID), Currency: optional(string(s.Currency)),
		Status: string(s.Status), Reason: optional(string(s.Reason)), Total: amount(s.Total),
		NeedsAttention: s.NeedsAttention, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(), Source: contract.OrderSource(s.Source),
		Lines: []contract.Line{}, Attention: []contract.Attention{}, Steps: []contract.Step{}, Parcels: []contract.Parcel{},
	}
	for _, l := range s.Lines {
		o.Lines = append(o.Lines, contract.Line{Sku: l.SKU, Quantity: l.Quantity, UnitPrice: amount(l.UnitPrice)})
	}
	for _, a := range s.Attention {
		o.Attention = append(o.Attention, contract.Attention{
			Step: a.Step, Code: string(a.Code), Kind: string(a.Kind), Since: a.Since.UTC(), Owed: a.Owed,
		})
	}
	for _, v := range s.Steps {
		o.Steps = append(o.Steps, contract.Step{
			Name: v.Name, State: string(v.State), Attempts: v.Attempts, StartedAt: v.StartedAt, EndedAt: v.EndedAt,
			Error: optional(string(v.Error)), Exposure: optional(v.Exposure),
		})
	}
	for _, p := range s.Parcels {
		o.Parcels = append(o.Parcels, contract.Parcel{Warehouse: p.Warehouse, TrackingNumber: p.TrackingNumber, State: p.State})
	}
	return o
}

// renderForOperators is the order as the admin address shows it.
func renderForOperators(s orders.Snapshot) contract.OperatorsOrder {
	o := render(s)
	all := contract.OperatorsOrder{
		Id: o.Id, CustomerId: o.CustomerId, Currency: o.Currency, Status: o.Status, Reason: o.Reason, Total: o.Total,
		NeedsAttention: o.NeedsAttention, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Source: o.Source,
		Lines: o.Lines, Attention: o.Attention, Steps: o.Steps, Parcels: o.Parcels,
		Waivers: []contract.Waiver{}, Repairs: []contract.Repair{}, Acknowledgements: []contract.Acknowledgement{},
	}
	for _, w := range s.Waivers {
		all.Waivers = append(all.Waivers, contract.Waiver{
			Step: w.Step, Code: string(w.Code), Owed: w.Owed, Reason: w.Reason, Operator: w.Operator,
			Reference: optional(w.Reference), At: w.At.UTC(),
		})
	}
	for _, r := range s.Repairs {
		all.Repairs = append(all.Repairs, contract.Repair{
			Step: r.Step, Action: string(r.Action), Reason: r.Reason, Operator: r.Operator,
			Reference: optional(r.Reference), At: r.At.UTC(),
		})
	}
	for _, a := range s.Acknowledgements {
		seen := contract.Acknowledgement{
			Flags: []contract.Attention{}, Reason: a.Reason, Operator: a.Operator, Reference: optional(a.Reference), At: a.At.UTC(),
		}
		for _, f := range a.Flags {
			seen.Flags = append(seen.Flags, contract.Attention{Step: f.Step, Code: string(f.Code), Kind: string(f.Kind), Since: f.Since.UTC(), Owed: f.Owed})
		}
		all.Acknowledgements = append(all.Acknowledgements, seen)
	}
	return all
}

func amount(a *money.Amount) *contract.Money {
	if a == nil {
		return nil
	}
	return &contract.Money{Amount: a.Minor, Currency: string(a.Currency)}
}

// optional leaves out what is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
