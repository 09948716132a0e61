package schedules_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/sagatest"
	paymentcompare "github.com/amends/amends/services/payment/audit/compare"
	shippingcompare "github.com/amends/amends/services/shipping/audit/compare"
	"github.com/amends/amends/workflows/doctor/judge"
)

var doctored = flag.Int("doctor", 1, "up to how many faults the doctor looks at an order after; -sample and -seed draw which")

// The doctor finds nothing wrong after any fault: it never reports the remains of
// a fault that the saga survived. (The tests of the workflows show that it finds
// real damage.)
func TestTheDoctorFindsNothingAfterAnyFault(t *testing.T) {
	t.Parallel()

	e := explorer(t)
	e.Faults = *doctored
	e.New = func() (sagatest.Subject, error) {
		s, err := newSubject(t)
		return &patient{s}, err
	}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
}

// patient is a subject that the doctor judges when its saga has ended.
type patient struct{ *subject }

// Check checks the invariants, then lets the doctor judge the same ledgers.
func (p *patient) Check(ctx context.Context, end sagatest.End) error {
	if err := p.subject.Check(ctx, end); err != nil {
		return err
	}
	f, err := p.facts(ctx)
	if err != nil {
		return err
	}
	var found []error
	for _, w := range judge.Judge(f, time.Now().AddDate(1, 0, 0), time.Minute).Findings {
		found = append(found, fmt.Errorf("doctor: %s: %s: %s", w.Invariant, w.Kind, w.Detail))
	}
	return errors.Join(found...)
}

// facts returns the facts of all services about the order.
func (p *patient) facts(ctx context.Context) (judge.Facts, error) {
	unasked := []string{activities.AuditCopies.Service, activities.AuditMails.Service} // the shop has none
	f, r := judge.Facts{Saga: orderID, Unasked: unasked}, audit.Range{Sagas: []string{orderID}}
	orders, err := p.Orders.Audit(ctx, r)
	if err != nil || len(orders.Facts) != 1 {
		return f, fmt.Errorf("there are %d orders: %w", len(orders.Facts), err)
	}
	f.Order = &orders.Facts[0]
	quotes, err := p.Catalog.Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Catalog = first(quotes.Facts)
	stock, err := p.Inventory.Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Inventory = first(stock.Facts)
	money, err := paymentcompare.New(p.Payments, p.Provider).Audit(ctx, r)
	if err != nil {
		return f, err
	}
	f.Payment = first(money.Facts)
	parcels, err := shippingcompare.New(p.Shipments, p.Carrier).Audit(ctx, r)
	f.Shipping = first(parcels.Facts)
	return f, err
}

func first[T any](all []T) *T {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}
