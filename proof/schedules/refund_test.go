package schedules_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider"
	paymentrefund "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// No fault pays money back twice, or takes stock back for money that was not paid back.
func TestNoFaultBreaksARefund(t *testing.T) {
	t.Parallel()

	var done, refused atomic.Int64
	explorer := sagatest.Explorer{
		New: func() (sagatest.Subject, error) {
			s, err := newRefund(t)
			s.ends = map[order.RefundStatus]*atomic.Int64{order.RefundDone: &done, order.RefundRefused: &refused}
			return s, err
		},
		SagaID: orderID, Refusable: []string{"payment.refund"}, Faults: min(*faults, 1), Seed: *seed,
	}
	try(t, explorer)
	if *schedule != "" {
		return
	}
	for _, several := range refundSchedules {
		replay(t, explorer, several)
	}
	require.Positive(t, done.Load())
	require.Positive(t, refused.Load())
}

// refundSchedules are those of several faults that every test run tries.
var refundSchedules = []string{
	// Another refund comes while this one is set aside, and the provider has not got it.
	"provider.refund#1=before payment.refund#2=disturb",
	// The run is lost behind the pivot, and the next one is cancelled before it.
	"payment.refund#1=crash-after order.open_refund#2=cancel",
	// So it is when the pivot is an intent: the settle blocks it.
	"provider.refund#1=before payment.refund#2=crash order.open_refund#2=cancel",
}

// The order that is refunded, the refund under exploration, and those that come between:
// the first is too much beside it, the second is the rest.
var (
	paid      = shoptest.Total
	refundOf  = money.New(8000, "EUR")
	refundKey = key.Key{Saga: orderID, Step: "payment.refund", Generation: 4711}
	between   = []order.RefundOpening{{ID: "r2", Amount: refundOf, TakeBack: true}, {ID: "r3", Amount: money.New(4600, "EUR"), TakeBack: true}}
)

// refund is the refund saga, with the shop that has the order.
type refund struct {
	*shoptest.Shop
	registry *sagatest.Registry
	decline  bool               // the provider declines the refund
	first    order.RefundStatus // how the saga ended the first time
	ends     map[order.RefundStatus]*atomic.Int64
}

func newRefund(t *testing.T) (*refund, error) {
	t.Helper()
	s := &refund{Shop: shoptest.NewForOne(t)}
	return s, errors.Join(s.Confirm(t.Context(), orderID), s.Shop.Check(t.Context()), s.Snapshot(t.Context()))
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
	return repay.RefundOrder, repay.Input{
		OrderID: orderID, Number: refundKey.Generation, Amount: refundOf,
		Note: paymentrefund.Note{ID: "r1", Reason: "broken", By: "ada", TakeBack: true},
	}
}

func (s *refund) Reset(ctx context.Context) error {
	s.decline, s.first = false, ""
	return s.Shop.Reset(ctx)
}

// Fingerprint returns the state of all services and external systems.
func (s *refund) Fingerprint(ctx context.Context) ([]byte, error) {
	state, err := s.Shop.Fingerprint(ctx)
	return fmt.Append(state, s.decline, s.first), err
}

// Refuse has the provider decline the refund, unless it is made.
func (s *refund) Refuse(context.Context, string) (bool, error) {
	s.decline = true
	return true, nil
}

// Disturb makes the other refunds, whole: after them nothing of the capture is left, and
// the goods are back. The first is refused if this one came before, also if that is under
// way.
func (s *refund) Disturb(ctx context.Context) error {
	for i, o := range between {
		if err := s.other(ctx, refundKey.Generation+1+i, o); err != nil {
			return err
		}
	}
	return nil
}

// other makes another refund by the steps of its saga.
func (s *refund) other(ctx context.Context, number int, opening order.RefundOpening) error {
	k := func(step string) key.Key { return key.Key{Saga: orderID, Step: step, Generation: number} }
	opening.At = time.Now()
	if err := s.Orders.OpenRefund(ctx, k("order.open_refund"), opening); err != nil {
		return err
	}
	_, err := outside.New(s.Payments, s.Provider, outside.Options{}).Refund(ctx, k("payment.refund"), payment.RefundRequest{Amount: opening.Amount})
	end := order.RefundClosing{Status: order.RefundDone, Opening: opening, Note: order.RefundNote{At: opening.At}}
	switch fault.CodeOf(err) {
	case "":
		_, err = s.Inventory.TakeBack(ctx, k("inventory.take_back"))
	case payment.RefundExceedsCapture:
		end.Status, err = order.RefundRefused, nil
	}
	return errors.Join(err, s.Orders.CloseRefund(ctx, k("order.close_refund"), end), s.enough(ctx))
}

// enough requires that the refunds that are made and under way are no more than the
// capture: the provider must not be the one to notice.
func (s *refund) enough(ctx context.Context) error {
	all, err := s.Payments.Payments(ctx)
	if err == nil && all[0].Refunded+all[0].Refunding > all[0].Captured {
		err = fmt.Errorf("%d were paid back and %d are set aside of %d", all[0].Refunded, all[0].Refunding, all[0].Captured)
	}
	return err
}

// Check checks all invariants, and that the workflow, our ledger, the provider's book and
// the stock agree.
func (s *refund) Check(ctx context.Context, end sagatest.End) error {
	var v repay.View
	if err := end.Result(&v); err != nil {
		return err
	}
	mine, err := s.paidBack(ctx, refundKey)
	if err != nil {
		return err
	}
	all, err := s.paidBack(ctx, key.Key{})
	if err != nil {
		return err
	}
	other := all - mine
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	back, err := s.takenBack(ctx)
	if err != nil {
		return err
	}
	want, units := int64(0), int64(0)
	switch v.Status {
	case order.RefundDone:
		want = refundOf.Minor
	case order.RefundRefused:
	default:
		wrong("it ended %s", v.Status)
	}
	if mine+other > 0 {
		units = 3
	}
	if mine != want || back != units || v.Units > units || v.Units > 0 && mine == 0 {
		wrong("it ended %s, and %d was paid back, %d units were taken back, it says %d", v.Status, mine, back, v.Units)
	}
	if refusal := v.Code == payment.RefundExceedsCapture; refusal && !s.decline && other == 0 {
		wrong("it was refused without a reason: %s", v.Code)
	}
	if mine+other > paid.Minor {
		wrong("%d and %d were paid back of %s", mine, other, paid)
	}
	if s.first != "" && s.first != v.Status {
		wrong("the saga ended %s, then %s", s.first, v.Status)
	}
	if len(v.Attention) > 0 {
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

// paidBack returns the amount of the provider's refunds under a key, the zero key is any.
func (s *refund) paidBack(ctx context.Context, k key.Key) (minor int64, err error) {
	book, err := s.Provider.Book(ctx)
	for _, e := range book {
		if e.Kind == provider.KindRefund && e.State == provider.Refunded && (k == key.Key{} || e.Key == k.String()) {
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
	if _, made, err := p.Provider.Find(ctx, r.Key); err == nil && !made && p.s.decline {
		r.Amount.Minor = paid.Minor + 1
	}
	return shoptest.Through(ctx, p.s.registry, "provider.refund", provider.ErrUnavailable, func(ctx context.Context) (provider.Effect, error) {
		return p.Provider.Refund(ctx, r)
	})
}

// Find fails where the provider cannot tell.
func (p *refundingProvider) Find(ctx context.Context, k string) (provider.Effect, bool, error) {
	var found bool
	e, err := shoptest.Through(ctx, p.s.registry, "provider.find", provider.ErrUnavailable, func(ctx context.Context) (e provider.Effect, err error) {
		e, found, err = p.Provider.Find(ctx, k)
		return e, err
	})
	return e, found && err == nil, err
}
