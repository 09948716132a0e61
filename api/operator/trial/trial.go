// Package trial shows the effect of a request that is only tried.
package trial

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/outlook"
)

// Render returns o as the contract has it.
func Render(o outlook.Outlook) *contract.DryRun {
	out := &contract.DryRun{
		Asks: []contract.AskedStep{}, Tells: orders.Optional(o.Tells), Waives: orders.Optional(o.Waives), Leaves: amount(o.Leaves),
	}
	for _, a := range o.Asks {
		asked := contract.AskedStep{Step: a.Step, Call: contract.AskedStepCall(a.Call), Amount: amount(a.Amount)}
		if a.Units > 0 {
			asked.Units = &a.Units
		}
		if a.Parcels > 0 {
			asked.Parcels = new(int64(a.Parcels))
		}
		out.Asks = append(out.Asks, asked)
	}
	if len(o.Clears) > 0 {
		out.Clears = new(orders.RenderAttention(o.Clears))
	}
	return out
}

func amount(a *money.Amount) *contract.Money {
	if a == nil {
		return nil
	}
	return &contract.Money{Amount: a.Minor, Currency: string(a.Currency)}
}
