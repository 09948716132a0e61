package shoptest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	paymentcompare "github.com/amends/amends/services/payment/audit/compare"
	shippingcompare "github.com/amends/amends/services/shipping/audit/compare"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Judge lets the doctor judge a decided order, a year later, and returns its findings.
func (s *Shop) Judge(ctx context.Context, orderID string) error {
	f, err := s.facts(ctx, orderID)
	if err != nil {
		return err
	}
	var found []error
	for _, w := range judge.Judge(f, time.Now().AddDate(1, 0, 0), time.Minute).Findings {
		found = append(found, fmt.Errorf("doctor: %s: %s: %s", w.Invariant, w.Kind, w.Detail))
	}
	return errors.Join(found...)
}

// facts returns the facts of all services about an order.
func (s *Shop) facts(ctx context.Context, orderID string) (judge.Facts, error) {
	unasked := []string{activities.AuditCopies.Service, activities.AuditMails.Service} // the shop has none
	f, r := judge.Facts{Saga: orderID, Unasked: unasked}, audit.Range{Sagas: []string{orderID}}
	orders, err := s.Orders.Audit(ctx, r)
	if err != nil || len(orders.Facts) != 1 {
		return f, fmt.Errorf("there are %d orders: %w", len(orders.Facts), err)
	}
	f.Order = &orders.Facts[0]
	quotes, err := s.Catalog.Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Catalog = first(quotes.Facts)
	stock, err := s.Inventory.Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Inventory = first(stock.Facts)
	money, err := paymentcompare.New(s.Payments, s.Provider).Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Payment = first(money.Facts)
	parcels, err := shippingcompare.New(s.Shipments, s.Carrier).Audit(ctx, r)
	f.Shipping = first(parcels.Facts)
	return f, err
}

func first[T any](all []T) *T {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}
