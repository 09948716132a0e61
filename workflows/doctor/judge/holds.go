package judge

import (
	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/inventory"
)

// Holds returns the holdings of a saga by the facts of the services: money on either side, stock
// and parcels, and whose effects they are.
func (f *Facts) Holds() (e exposure.Exposure) {
	f.addMoney(&e)
	for _, s := range valueOf(f.Inventory).Stock {
		if s.State == inventory.Held {
			e.Add(exposure.Exposure{Reserved: s.Units}.By(s.Step))
			continue
		}
		e.Add(exposure.Exposure{Sold: s.Units}.By(activities.CommitStock.Name))
	}
	e.Add(exposure.Exposure{Parcels: valueOf(f.Shipping).Booked()}.By(activities.BookParcels.Name))
	return e
}

// addMoney adds the money of a saga.
func (f *Facts) addMoney(e *exposure.Exposure) {
	paid := valueOf(f.Payment)
	for _, h := range paid.Holds {
		var held exposure.Exposure
		held.Hold(h.Amount)
		e.Add(held.By(h.Step))
	}
	sum := paid.Ours
	if paid.Provider.Captured > sum.Captured {
		sum = paid.Provider
	}
	var taken exposure.Exposure
	taken.Take(money.New(sum.Captured-sum.Refunded, sum.Currency))
	e.Add(taken.By(activities.CapturePayment.Name))
}
