package choreographed_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// forward are the facts of an order that is confirmed.
var forward = []string{
	"order.placed", "catalog.quoted", "payment.authorized", "inventory.stock_changed", "inventory.stock_changed", "inventory.reserved",
	"shipping.booked", "payment.captured", "payment.invoice_issued", "inventory.committed", "order.confirmed",
}

// back are the facts of an abort.
var back = []string{"order.abort_asked", "payment.settled", "order.aborted", "payment.voided", "inventory.released", "shipping.cancelled", "order.cancelled"}

func TestAnOrderIsConfirmed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.place(nil)
	s.run()
	require.Equal(t, forward, s.log)
	rec := s.ended()
	require.Equal(t, order.Confirmed, rec.Status)

	v := view(t, rec)
	require.Equal(t, rec.Total, v.Total)
	require.EqualValues(t, 2*1850+8900, v.Total.Minor)
	require.EqualValues(t, 1850, v.Lines[0].UnitPrice.Minor)
	require.Len(t, v.Parcels, 2, "a mug from BER, a kettle from AMS")
	require.NotEmpty(t, v.Parcels[0].TrackingNumber)
	require.Equal(t, "order.create=done catalog.quote=done shipping.book=done payment.authorize=done inventory.reserve=done "+
		"payment.capture=done inventory.commit=done order.confirm=done", states(v))
	for _, service := range services {
		told.RequireAbsent(t, s.Book(service), "A. Buyer", "Hauptstr", "10115", "tok_visa")
	}
	require.LessOrEqual(t, s.heard[len(s.heard)-1].event.Hops, 6)
}

// view reads the final view as the API does.
func view(t *testing.T, rec order.Record) (v workflows.OrderView) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(rec.View)))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&v))
	require.Equal(t, []any{rec.ID, rec.Status, rec.Reason, rec.Placement.CustomerID}, []any{v.ID, v.Status, v.Reason, v.CustomerID})
	return v
}

func states(v workflows.OrderView) string {
	var parts []string
	for _, s := range v.Steps {
		parts = append(parts, s.Name+"="+string(s.State))
	}
	return strings.Join(parts, " ")
}

func TestAnOrderThatCostsNothingIsConfirmed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.place(func(p *order.Placement) { p.Lines = []order.Line{{SKU: "LEAFLET", Quantity: 1}} })
	s.run()
	require.Equal(t, order.Confirmed, s.ended().Status)
	require.NotContains(t, s.log, "payment.authorized")
	require.NotContains(t, s.log, "payment.invoice_issued")
}

func token(text string) func(p *order.Placement) {
	return func(p *order.Placement) { p.PaymentToken = text }
}

func sku(text string) func(p *order.Placement) {
	return func(p *order.Placement) { p.Lines[0].SKU = text }
}

func postal(text string) func(p *order.Placement) {
	return func(p *order.Placement) { p.ShipTo.PostalCode = text }
}

// refusals has an order that is refused at each step.
var refusals = map[string]struct {
	change func(p *order.Placement)
	reason order.Reason
	step   string
	code   fault.Code
}{
	"UnknownSKU":        {sku("NOPE"), order.UnknownSKU, "catalog.quote", "UNKNOWN_SKU"},
	"CurrencyMismatch":  {func(p *order.Placement) { p.Currency = "USD" }, order.CurrencyMismatch, "catalog.quote", "CURRENCY_MISMATCH"},
	"OutOfStock":        {sku("SOLD-OUT"), order.OutOfStock, "inventory.reserve", "OUT_OF_STOCK"},
	"Declined":          {token("tok_declined"), order.PaymentDeclined, "payment.authorize", "CARD_DECLINED"},
	"InsufficientFunds": {token("tok_insufficient_funds"), order.PaymentDeclined, "payment.authorize", "INSUFFICIENT_FUNDS"},
	"CaptureDeclined":   {token("tok_capture_declined"), order.PaymentDeclined, "payment.capture", "CAPTURE_DECLINED"},
	"AuthExpired":       {token("tok_auth_expired"), order.PaymentDeclined, "payment.capture", "AUTH_EXPIRED"},
	"Undeliverable":     {postal("00000"), order.Undeliverable, "shipping.book", "UNDELIVERABLE"},
}

func TestARefusalOfAnyStepLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.place(c.change)
			s.run()
			rec := s.ended()
			require.Equal(t, []any{order.Cancelled, c.reason}, []any{rec.Status, rec.Reason})
			require.False(t, rec.NeedsAttention())
			told := without(s.log, "inventory.stock_changed")
			require.Equal(t, back, told[len(told)-len(back):])
			for _, st := range view(t, rec).Steps {
				if st.Name == c.step {
					require.Equal(t, []any{"refused", c.code}, []any{string(st.State), st.Error})
				}
			}
		})
	}
}

// without returns all but one of some texts.
func without(all []string, not string) (rest []string) {
	for _, s := range all {
		if s != not {
			rest = append(rest, s)
		}
	}
	return rest
}

func TestLostRepliesAndOutagesPass(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *order.Placement){
		"AuthorizeReplyLost": token("tok_timeout_after_charge"),
		"ProviderDown":       token("tok_unavailable"),
		"CaptureReplyLost":   token("tok_capture_lost"),
		"BookReplyLost":      postal("99999"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.place(change)
			s.run()
			require.Equal(t, order.Confirmed, s.ended().Status)
		})
	}
}

// at lets f happen before the n-th delivery, from 0. It reports whether there was one.
func (s *stage) at(n int, f func(d delivery) verdict) (reached func() bool) {
	count := 0
	s.before = func(d delivery) verdict {
		count++
		if count-1 == n {
			return f(d)
		}
		return deliver
	}
	return func() bool { return count > n }
}

// everywhere runs body for each delivery of an order.
func everywhere(t *testing.T, change func(p *order.Placement), f func(s *stage, d delivery) verdict, check func(s *stage, at delivery)) {
	t.Helper()
	s := open(t)
	for n := 0; ; n++ {
		s.reset()
		var where delivery
		reached := s.at(n, func(d delivery) verdict { where = d; return f(s, d) })
		s.place(change)
		s.run()
		if !reached() {
			require.Greater(t, n, 5, "deliveries")
			return
		}
		check(s, where)
	}
}

func TestACancelAtAnyPointEndsTheOrder(t *testing.T) {
	t.Parallel()
	ends := map[string]order.Status{}
	everywhere(t, nil, func(s *stage, _ delivery) verdict { s.cancel(); return deliver }, func(s *stage, at delivery) {
		rec := s.ended()
		ends[at.String()] = rec.Status
		if rec.Status == order.Cancelled {
			require.Equal(t, order.CustomerRequest, rec.Reason, at)
			require.Contains(t, s.log, "payment.settled", at)
		}
	})
	require.Equal(t, map[string]order.Status{
		"catalog hears order.placed": order.Cancelled, "order hears catalog.quoted": order.Cancelled, "payment hears catalog.quoted": order.Cancelled,
		"inventory hears catalog.quoted": order.Cancelled, "inventory hears payment.authorized": order.Cancelled,
		"shipping hears inventory.reserved": order.Cancelled,
		// The capture is on its way: it comes before the objection.
		"order hears shipping.booked": order.Confirmed, "payment hears shipping.booked": order.Confirmed, "inventory hears payment.captured": order.Confirmed,
		"order hears inventory.committed": order.Confirmed,
	}, ends)
}

func TestADeadlineAtAnyPointEndsTheOrder(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(s *stage, _ delivery) verdict { s.tick(11 * time.Minute); return deliver }, func(s *stage, at delivery) {
		if rec := s.ended(); rec.Status == order.Cancelled {
			require.Equal(t, order.Deadline, rec.Reason, at)
		}
	})
}

// The capture has happened at the provider, and its reply was lost, when the order is
// objected to: the settle learns of it, and the order goes forward.
func TestASettleThatLearnsOfTheCaptureGoesForward(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.before = func(d delivery) verdict {
		if d.String() == "payment hears shipping.booked" {
			require.Equal(t, fault.Unknown, fault.KindOf(s.call(t.Context(), d)))
			s.cancel()
			return lose
		}
		return deliver
	}
	s.place(token("tok_capture_lost"))
	s.run()
	rec := s.ended()
	require.Equal(t, order.Confirmed, rec.Status)
	require.Equal(t, order.CustomerRequest, rec.Course.Asked)
	require.NotContains(t, s.log, "order.aborted")
}

// faults are those of the broker and of a listening process.
var faults = map[string]verdict{"Lost": lose, "Late": late, "Twice": twice, "DiesBefore": dieBefore}

// An event that is lost for good is made up for by the clock, which tells the newest fact
// of the order again; and so is one that came too late to be of use.
func TestOneFaultAtAnyPointChangesNoEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *order.Placement){
		"Confirmed": nil, "Declined": token("tok_declined"), "OutOfStock": sku("SOLD-OUT"), "Undeliverable": postal("00000"),
		"CaptureDeclined": token("tok_capture_declined"),
	} {
		for kind, v := range faults {
			t.Run(name+kind, func(t *testing.T) {
				t.Parallel()
				everywhere(t, change, func(*stage, delivery) verdict { return v }, func(s *stage, at delivery) {
					if v == lose || v == late {
						s.before = nil
						s.tick(2 * time.Minute)
						s.run()
					}
					rec := s.ended()
					want := []any{order.Confirmed, order.Reason("")}
					if name != "Confirmed" {
						want = []any{order.Cancelled, refusals[name].reason}
					}
					require.Equal(t, want, []any{rec.Status, rec.Reason}, at)
				})
			})
		}
	}
}

// The news of the capture is lost and the order is objected to: the settle finds the
// capture done, and tells it anew.
func TestASettleThatFindsTheCaptureDoneTellsIt(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.before = func(d delivery) verdict {
		if d.String() == "inventory hears payment.captured" {
			s.before = nil
			s.cancel()
			return lose
		}
		return deliver
	}
	s.place(nil)
	s.run()
	require.Equal(t, order.Confirmed, s.ended().Status)
	require.NotContains(t, s.log, "payment.settled")
}

// A dead letter keeps the later steps of its order, but not an abort.
func TestAnAbortOvertakesADeadLetter(t *testing.T) {
	t.Parallel()
	s := open(t)
	poisoned := false
	s.before = func(d delivery) verdict {
		if d.String() == "payment hears catalog.quoted" && !poisoned {
			poisoned = true
			bad := d
			bad.event.Data = []byte(`"no quote"`)
			s.hear(bad)
		}
		return deliver
	}
	s.place(nil)
	s.run()
	require.Len(t, s.kept["payment"], 2, "the quote waits behind the dead letter")
	s.cancel()
	s.run()
	require.NotEmpty(t, s.dead)
	require.NoError(t, s.Check(t.Context()))
	rec, err := s.Orders.Get(t.Context(), orderID)
	require.NoError(t, err)
	require.Equal(t, []any{order.Cancelled, order.CustomerRequest}, []any{rec.Status, rec.Reason})

	// It is discarded: the step that waited comes too late, and ends.
	s.kept["payment"], s.dead = s.kept["payment"][1:], nil
	s.run()
	require.Equal(t, order.Cancelled, s.ended().Status)
}
