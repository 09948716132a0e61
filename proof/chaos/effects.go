package chaos

import (
	"context"
	"fmt"
	"strings"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// doubled lists every effect that an order ever had more than once, even if one of
// the two was taken back: at the provider, at the carrier, in stock and in the
// invoices. An order may have several refunds; the invariants compare them one by one.
func doubled(ctx context.Context, shop *shoptest.Shop) ([]string, error) {
	times := map[string]int{}
	book, err := shop.Provider.Book(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range book {
		if e.State != provider.Declined && e.Kind != provider.KindRefund {
			times["order "+sagaOf(e.Key)+": "+string(e.Kind)+" at the provider"]++
		}
	}
	entries, err := shop.Carrier.Entries(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.State == string(carrier.Booked) || e.State == string(carrier.Cancelled) {
			times["order "+sagaOf(e.Key)+": parcel from "+e.Warehouse+" at the carrier"]++
		}
	}
	reservations, err := shop.Inventory.Reservations(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range reservations {
		times["order "+r.Key.Saga+": reservation of stock"]++
	}
	payments, err := shop.Payments.Payments(ctx)
	if err != nil {
		return nil, err
	}
	orderOf := map[string]string{}
	for _, p := range payments {
		orderOf[p.ID] = p.Key.Saga
	}
	invoices, err := shop.Payments.Invoices(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range invoices {
		times["order "+orderOf[i.PaymentID]+": invoice"]++
	}
	var all []string
	for what, n := range times {
		if n > 1 {
			all = append(all, fmt.Sprintf("I6: %s, %d times", what, n))
		}
	}
	return all, nil
}

// sagaOf returns the saga of an idempotency key.
func sagaOf(key string) string {
	saga, _, _ := strings.Cut(key, "/")
	return saga
}
