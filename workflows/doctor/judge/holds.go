package judge

import (
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/inventory"
)

// Holds returns the holdings of a saga by the facts of the services: money on either side, stock
// and parcels.
func (f *Facts) Holds() (e exposure.Exposure) {
	paid := valueOf(f.Payment)
	for _, h := range paid.Holds {
		e.Hold(h.Amount)
	}
	taken := paid.Ours
	if paid.Provider.Captured > taken.Captured {
		taken = paid.Provider
	}
	e.Take(money.New(taken.Captured-taken.Refunded, taken.Currency))
	for _, s := range valueOf(f.Inventory).Stock {
		if s.State == inventory.Held {
			e.Reserved += s.Units
			continue
		}
		e.Sold += s.Units
	}
	e.Parcels = valueOf(f.Shipping).Booked()
	return e
}
