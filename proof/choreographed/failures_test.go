package choreographed_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/worker/reporting"
)

// live is a shop whose listeners and relays run, as in workers.
type live struct {
	*shoptest.Shop

	t *testing.T
}

// begin runs a shop in which before is called before each reaction ("payment:catalog.quoted"),
// and its error is that of the reaction.
func begin(t *testing.T, before func(s *live, reaction string) error) *live {
	t.Helper()
	s := &live{shoptest.New(t), t}
	pay := outside.New(s.Payments, s.Provider, outside.Options{CallTimeout: shoptest.CallTimeout})
	ship := shipping.New(s.Shipments, s.Carrier, shipping.Options{CallTimeout: shoptest.CallTimeout, MaxCalls: 1})
	bus := eventtest.NewMemory()
	ctx, cancel := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	t.Cleanup(func() { cancel(); parts.Wait() })
	tables := database.Schema{barrier.Migrations, database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}
	log := slog.New(slog.DiscardHandler)
	for _, l := range []event.Listener{
		reactions.Order(s.Orders), reactions.Catalog(s.Catalog, s.Orders), reactions.Payment(pay, s.Orders),
		reactions.Inventory(s.Inventory, s.Orders), reactions.Shipping(ship, s.Orders),
	} {
		handle, db := l.Handle, s.Book(l.Group)
		l.Handle = func(ctx context.Context, e event.Event) error {
			if err := before(s, l.Group+":"+name(e.Type)); err != nil {
				return err
			}
			return handle(ctx, e)
		}
		require.NoError(t, tables.Migrate(t.Context(), db))
		group := inbox.React(l, inbox.Options{
			DB: db, Bus: bus, Logger: log, Report: reporting.Of(l.Group), Poll: 10 * time.Millisecond,
			Retry: waiting.Retry{First: time.Millisecond, Most: 10 * time.Millisecond, FlagAfter: 20 * time.Millisecond},
		})
		relay := outbox.NewRelay(db, bus, outbox.Options{Service: l.Group, Logger: log})
		parts.Go(func() { _ = group.Run(ctx) })
		parts.Go(func() { _ = relay.Run(ctx) })
	}
	now := database.Now()
	_, err := s.Orders.Create(t.Context(), key.New(orderID, "order.create"), order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, PaymentToken: "tok_visa",
		Lines:       []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo:      order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: now.Add(time.Hour),
	})
	require.NoError(t, err)
	return s
}

// until returns the order as soon as it is as ok wants it.
func (s *live) until(ok func(order.Record) bool) (rec order.Record) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var err error
		rec, err = s.Orders.Get(s.t.Context(), orderID)
		return err == nil && ok(rec)
	}, 2*time.Minute, 2*time.Millisecond)
	return rec
}

// aborted reports whether the order is aborted.
func (s *live) aborted() bool {
	rec, err := s.Orders.Get(context.WithoutCancel(s.t.Context()), orderID)
	return err == nil && rec.Decided != ""
}

// redrive has the dead letter of a group tried again.
func (s *live) redrive(group string) {
	s.t.Helper()
	_, n, err := waiting.NewDesk(s.Book(group)).Redrive(s.t.Context(), waiting.Request{
		Selection: waiting.Selection{Group: group, All: true}, Reason: "mended", Operator: "ada",
	})
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, n)
}

func ended(r order.Record) bool { return r.Status != order.Pending }

func flagged(r order.Record) bool { return r.NeedsAttention() }

// flaggedAlone returns the order when a step of it is flagged, and no other, or as it is after
// a while: a step that this machine was late with is flagged until it succeeds.
func (s *live) flaggedAlone(step string) (rec order.Record) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		var err error
		rec, err = s.Orders.Get(s.t.Context(), orderID)
		require.NoError(s.t, err)
		if len(rec.Attention) == 1 && rec.Attention[0].Step == step {
			break
		}
		require.NoError(s.t, wait.For(s.t.Context(), 5*time.Millisecond))
	}
	return rec
}

func quiet(r order.Record) bool { return ended(r) && !r.NeedsAttention() }

var errBug = fault.Errorf(fault.Bug, fault.Mismatch, "another request")

func TestABugBeforeThePivotAbortsTheOrder(t *testing.T) {
	t.Parallel()
	for reaction, step := range map[string]string{
		"catalog:order.placed": "catalog.quote", "order:catalog.quoted": "order.keep_quote", "payment:catalog.quoted": "payment.authorize",
		"inventory:payment.authorized": "inventory.reserve", "shipping:inventory.reserved": "shipping.book", "payment:shipping.booked": "payment.capture",
	} {
		t.Run(strings.ReplaceAll(reaction, ":", " hears "), func(t *testing.T) {
			t.Parallel()
			s := begin(t, func(s *live, r string) error {
				switch {
				case r == reaction:
					return errBug
				case r == "payment:shipping.booked" && !s.aborted():
					// The order service keeps the quote beside the other steps, so the capture could be first.
					return fault.Errorf(fault.Transient, fault.Unavailable, "before the abort")
				}
				return nil
			})
			s.until(func(r order.Record) bool { return ended(r) && flagged(r) })
			rec := s.flaggedAlone(step)
			require.Equal(t, []any{order.Cancelled, order.Internal}, []any{rec.Status, rec.Reason})
			require.Equal(t, []ledger.Attention{{Step: step, Code: fault.Mismatch, Kind: fault.Bug, Since: rec.Attention[0].Since, Lasting: true}}, rec.Attention)
			require.NoError(t, s.Check(t.Context()))
		})
	}
}

// Such a bug is a dead letter, which an operator redrives. A cancelled order is cancelled when
// its parcels are to be booked.
func TestABugElsewhereFlagsTheOrderUntilItIsMended(t *testing.T) {
	t.Parallel()
	for reaction, c := range map[string]struct {
		cancelled  bool
		step, owed string
	}{
		"order:shipping.booked":      {false, "order.keep_parcels", ""},
		"inventory:payment.captured": {false, "inventory.commit", "stock held: 3 units"},
		"order:inventory.committed":  {false, "order.confirm", ""},
		"payment:order.abort_asked":  {true, "payment.capture", "money taken: 126.00 EUR"},
		"order:payment.settled":      {true, "order.abort", ""},
		"payment:order.aborted":      {true, "payment.authorize", "money held: 126.00 EUR"},
		"inventory:order.aborted":    {true, "inventory.reserve", "stock held: 3 units"},
		"shipping:order.aborted":     {true, "shipping.book", "parcels booked"},
		"order:shipping.cancelled":   {true, "order.release", ""},
	} {
		t.Run(strings.ReplaceAll(reaction, ":", " hears "), func(t *testing.T) {
			t.Parallel()
			var mended atomic.Bool
			s := begin(t, func(s *live, r string) error {
				switch {
				case r == reaction && !mended.Load():
					return errBug
				case r == "shipping:inventory.reserved" && c.cancelled:
					_, err := s.Orders.Object(context.WithoutCancel(t.Context()), orderID, course.Objection{Reason: order.CustomerRequest})
					return err
				}
				return nil
			})
			s.until(flagged)
			rec := s.flaggedAlone(c.step)
			require.Equal(t, []ledger.Attention{{
				Step: c.step, Code: fault.Mismatch, Kind: fault.Bug, Owed: c.owed, Since: rec.Attention[0].Since,
			}}, rec.Attention)
			mended.Store(true)
			group, _, _ := strings.Cut(reaction, ":")
			s.redrive(group)
			rec = s.until(quiet)
			require.Equal(t, c.cancelled, rec.Status == order.Cancelled)
			require.NoError(t, s.Check(t.Context()))
		})
	}
}

func TestAStepThatFailsForLongIsFlaggedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	var failure atomic.Pointer[fault.Error]
	failure.Store(fault.Errorf(fault.Unknown, "PROVIDER_TIMEOUT", "perhaps"))
	s := begin(t, func(_ *live, r string) error {
		if f := failure.Load(); r == "payment:catalog.quoted" && f != nil {
			return f
		}
		return nil
	})
	s.until(flagged)
	first := s.flaggedAlone("payment.authorize").Attention
	require.Equal(t, []ledger.Attention{{
		Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Owed: "money held: 126.00 EUR", Since: first[0].Since,
	}}, first)
	failure.Store(fault.Errorf(fault.Transient, fault.Unavailable, "not now"))
	s.until(func(r order.Record) bool {
		return slices.ContainsFunc(r.Attention, func(a ledger.Attention) bool { return a.Code == fault.Unavailable })
	})
	again := s.flaggedAlone("payment.authorize").Attention
	require.Len(t, again, 1)
	require.Equal(t, first[0].Since, again[0].Since)
	failure.Store(nil)
	require.Equal(t, order.Confirmed, s.until(quiet).Status)
	require.NoError(t, s.Check(t.Context()))
}
