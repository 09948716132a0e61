package schedules_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
	paymentrefund "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/workflows"
)

// No fault pays money back twice, or takes stock back for money that was not paid back.
func TestNoFaultBreaksARefund(t *testing.T) {
	t.Parallel()

	var done, refused atomic.Int64
	report, err := sagatest.Explorer{
		New: func() (sagatest.Subject, error) {
			s, err := newRefund(t)
			s.ends = map[workflows.RefundStatus]*atomic.Int64{workflows.RefundDone: &done, workflows.RefundRefused: &refused}
			return s, err
		},
		SagaID: orderID, Refusable: []string{"payment.refund"}, Faults: 1,
	}.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
	require.Positive(t, done.Load())
	require.Positive(t, refused.Load())
}

// The order that is refunded, the refund under exploration, and one that comes between:
// together they are more than the capture.
var (
	paid       = money.New(12600, "EUR")
	refundOf   = money.New(8000, "EUR")
	refundKey  = key.Key{Saga: orderID, Step: "payment.refund", Generation: 4711}
	betweenKey = key.Key{Saga: orderID, Step: "payment.refund", Generation: 4712}
)

// refund is the refund saga, with the shop that has the order.
type refund struct {
	*shoptest.Shop
	registry *sagatest.Registry
	first    workflows.RefundStatus // how the saga ended the first time
	ends     map[workflows.RefundStatus]*atomic.Int64
}

func newRefund(t *testing.T) (*refund, error) {
	t.Helper()
	s := &refund{Shop: shoptest.NewForOne(t)}
	return s, errors.Join(s.confirm(t.Context()), s.Snapshot(t.Context()))
}

// confirm makes a confirmed order by the steps of its saga.
func (s *refund) confirm(ctx context.Context) error {
	k := func(step string) saga.Key { return key.New(orderID, step) }
	pay := payment.New(s.Payments, s.Provider, payment.Options{})
	lines := []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}}
	_, created := s.Orders.Create(ctx, k("order.create"), order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
	})
	reservation, reserved := s.Inventory.Reserve(ctx, k("inventory.reserve"), inventory.ReserveRequest{Lines: lines})
	_, held := pay.Authorize(ctx, k("payment.authorize"), payment.AuthorizeRequest{Amount: paid, Token: "tok_visa"})
	book := shipping.BookRequest{ShipTo: shipping.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}}
	for _, p := range reservation.Parcels {
		parcel := shipping.Parcel{Warehouse: p.Warehouse}
		for _, l := range p.Lines {
			parcel.Lines = append(parcel.Lines, shipping.Line(l))
		}
		book.Parcels = append(book.Parcels, parcel)
	}
	_, booked := shipping.New(s.Shipments, s.Carrier, shipping.Options{}).Book(ctx, k("shipping.book"), book)
	_, captured := pay.Capture(ctx, k("payment.capture"), payment.CaptureRequest{Amount: paid})
	_, committed := s.Inventory.Commit(ctx, k("inventory.commit"))
	_, confirmed := s.Orders.Confirm(ctx, k("order.confirm"), order.Closing{Total: &paid})
	return errors.Join(created, reserved, held, booked, captured, committed, confirmed, s.Shop.Check(ctx))
}

func (s *refund) Register(r *sagatest.Registry) {
	s.registry = r
	s.Faults = shoptest.Faults{
		OneByOne: true,
		Provider: func(p provider.Provider) provider.Provider { return &refundingProvider{p, s} },
	}
	s.Bind(r)
	workflows.Register(r, workflows.Options{Timing: timing()})
}

func (*refund) Start(_, _ time.Time) (string, any) {
	return workflows.RefundOrder, workflows.Refund{
		OrderID: orderID, Number: refundKey.Generation, Amount: refundOf,
		Note: paymentrefund.Note{ID: "r1", Reason: "broken", By: "ada", TakeBack: true},
	}
}

func (s *refund) Reset(ctx context.Context) error {
	s.first = ""
	return s.Shop.Reset(ctx)
}

// Fingerprint returns the state of all services and external systems.
func (s *refund) Fingerprint(ctx context.Context) ([]byte, error) {
	state, err := s.Shop.Fingerprint(ctx)
	return fmt.Append(state, s.first), err
}

// Refuse leaves too little of the capture.
func (s *refund) Refuse(ctx context.Context, _ string) (bool, error) { return true, s.between(ctx) }

// Disturb makes the other refund, which is refused if this one came first.
func (s *refund) Disturb(ctx context.Context) error { return s.between(ctx) }

func (s *refund) between(ctx context.Context) error {
	_, err := payment.New(s.Payments, s.Provider, payment.Options{}).Refund(ctx, betweenKey, payment.RefundRequest{Amount: refundOf})
	if fault.CodeOf(err) == payment.RefundExceedsCapture {
		return nil
	}
	return err
}

// Check checks all invariants, and that the workflow, our ledger, the provider's book and
// the stock agree.
func (s *refund) Check(ctx context.Context, end sagatest.End) error {
	var v workflows.RefundView
	if err := end.Result(&v); err != nil {
		return err
	}
	mine, err := s.paidBack(ctx, refundKey)
	if err != nil {
		return err
	}
	other, err := s.paidBack(ctx, betweenKey)
	if err != nil {
		return err
	}
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	back, err := s.takenBack(ctx)
	if err != nil {
		return err
	}
	want, units := int64(0), int64(0)
	switch v.Status {
	case workflows.RefundDone:
		want, units = refundOf.Minor, 3
	case workflows.RefundRefused:
	default:
		wrong("it ended %s", v.Status)
	}
	if mine != want || back != units || v.Units != units {
		wrong("it ended %s, and %d was paid back, %d units were taken back, it says %d", v.Status, mine, back, v.Units)
	}
	if mine+other > paid.Minor {
		wrong("%d and %d were paid back of %s", mine, other, paid)
	}
	if s.first != "" && s.first != v.Status {
		wrong("the saga ended %s, then %s", s.first, v.Status)
	}
	if v.NeedsAttention {
		wrong("it needs attention in the end")
	}
	payments, err := s.Payments.Payments(ctx)
	if err != nil {
		return err
	}
	if p := payments[0]; p.Refunding != 0 || p.Refunded != mine+other {
		wrong("the payment has %d paid back and %d on the way, the provider paid back %d", p.Refunded, p.Refunding, mine+other)
	}
	if n := s.ends[v.Status]; n != nil {
		n.Add(1)
	}
	s.first = v.Status
	return errors.Join(append(problems, s.Shop.Check(ctx))...)
}

// paidBack returns the amount of the provider's refunds under a key.
func (s *refund) paidBack(ctx context.Context, k key.Key) (minor int64, err error) {
	book, err := s.Provider.Book(ctx)
	for _, e := range book {
		if e.Kind == provider.KindRefund && e.State == provider.Refunded && e.Key == k.String() {
			minor += e.Amount.Minor
		}
	}
	return minor, err
}

// takenBack returns the units in the journal that came back.
func (s *refund) takenBack(ctx context.Context) (units int64, err error) {
	for _, sku := range []string{"MUG", "KETTLE"} {
		journal, failed := s.Inventory.Journal(ctx, sku)
		err = errors.Join(err, failed)
		for _, e := range journal {
			if e.Kind == inventory.Returned {
				units += e.Units
			}
		}
	}
	return units, err
}

// refundingProvider fails the calls of a refund, each by itself.
type refundingProvider struct {
	provider.Provider
	s *refund
}

func (p *refundingProvider) Refund(ctx context.Context, r provider.Refund) (provider.Effect, error) {
	return through(ctx, p.s.registry, "provider.refund", provider.ErrUnavailable, func(ctx context.Context) (provider.Effect, error) {
		return p.Provider.Refund(ctx, r)
	})
}

// Find fails where the provider cannot tell.
func (p *refundingProvider) Find(ctx context.Context, k string) (provider.Effect, bool, error) {
	var found bool
	e, err := through(ctx, p.s.registry, "provider.find", provider.ErrUnavailable, func(ctx context.Context) (e provider.Effect, err error) {
		e, found, err = p.Provider.Find(ctx, k)
		return e, err
	})
	return e, found && err == nil, err
}
