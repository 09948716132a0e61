package operator

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/internal/orders/read"
)

// Render returns the order as the admin address shows it, with operators
// and their words.
func Render(s read.Snapshot) contract.OperatorsOrder {
	o := orders.Render(s)
	all := contract.OperatorsOrder{
		Id: o.Id, CustomerId: o.CustomerId, Currency: o.Currency, Status: o.Status, Style: o.Style, Reason: o.Reason, Total: o.Total, Refunded: o.Refunded,
		NeedsAttention: o.NeedsAttention, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Source: o.Source,
		Lines: o.Lines, Attention: o.Attention, Steps: o.Steps, Parcels: o.Parcels,
		Waivers: []contract.Waiver{}, Repairs: []contract.Repair{}, Acknowledgements: []contract.Acknowledgement{},
	}
	for _, w := range s.Waivers {
		all.Waivers = append(all.Waivers, contract.Waiver{
			Step: w.Step, Code: string(w.Code), Owed: w.Owed, Reason: w.Reason, Operator: w.Operator,
			Reference: orders.Optional(w.Reference), At: w.At.UTC(),
		})
	}
	for _, r := range s.Repairs {
		all.Repairs = append(all.Repairs, contract.Repair{
			Step: r.Step, Action: string(r.Action), Reason: r.Reason, Operator: r.Operator,
			Reference: orders.Optional(r.Reference), At: r.At.UTC(), Saga: orders.Optional(r.Saga),
		})
	}
	for _, a := range s.Acknowledgements {
		all.Acknowledgements = append(all.Acknowledgements, contract.Acknowledgement{
			Flags: orders.RenderAttention(a.Flags), Reason: a.Reason, Operator: a.Operator,
			Reference: orders.Optional(a.Reference), At: a.At.UTC(),
		})
	}
	return all
}
