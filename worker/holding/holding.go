// Package holding reads the holdings of an order at a service, by the rows of its database, and
// whose effects they are.
package holding

import (
	"context"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
	shippingstore "github.com/amends/amends/services/shipping/store"
	"github.com/amends/amends/worker/registry"
)

// holders have how an order's effect at a service is read, by the service's name.
var holders = map[string]func(ctx context.Context, s *registry.Stores, order string) (exposure.Exposure, error){
	"payment": paid, "inventory": stocked, "shipping": booked,
}

// Services are the names of those at which an order can hold something.
func Services() []string { return []string{"payment", "inventory", "shipping"} }

// At returns the holdings of an order at the service of s, which is one of [Services]: nothing if
// the service does not know the order. Its error is a fault.
func At(ctx context.Context, s *registry.Stores, order string) (exposure.Exposure, error) {
	return holders[s.Row.Name](ctx, s, order)
}

// paid returns the money of an order. An authorization that is asked for may be held.
func paid(ctx context.Context, s *registry.Stores, id string) (e exposure.Exposure, err error) {
	p, err := s.Payments().Get(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return e, nil
	}
	step := activities.CapturePayment.Name
	switch p.State {
	case payment.Intent, payment.Authorized:
		e.Hold(p.Amount)
		step = activities.AuthorizePayment.Name
	case payment.Captured:
		e.Take(money.New(p.Captured-p.Refunded, p.Amount.Currency))
	case payment.Declined, payment.Voided, payment.Refunded:
	}
	return e.By(step), err //nolint:wrapcheck // a fault
}

func stocked(ctx context.Context, s *registry.Stores, id string) (e exposure.Exposure, err error) {
	page, err := inventorystore.New(s.Own).Audit(ctx, audit.Range{Sagas: []string{id}})
	for _, f := range page.Facts {
		for _, r := range f.Stock {
			if r.State == inventory.Held {
				e.Add(exposure.Exposure{Reserved: r.Units}.By(r.Step))
				continue
			}
			e.Add(exposure.Exposure{Sold: r.Units}.By(activities.CommitStock.Name))
		}
	}
	return e, err //nolint:wrapcheck // a fault
}

func booked(ctx context.Context, s *registry.Stores, id string) (e exposure.Exposure, err error) {
	all, err := shippingstore.New(s.Own).Track(ctx, id)
	for _, p := range all {
		if p.State == shipping.Booked {
			e.Parcels++
		}
	}
	return e.By(activities.BookParcels.Name), err //nolint:wrapcheck // a fault
}
