package choreographed_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event/eventtest/explore"
	"github.com/amends/amends/event/eventtest/stage"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// path runs single schedules.
type path struct {
	*subject

	stage  *stage.Stage
	end    explore.End
	remind func(t *testing.T, reminders int) // is called with each reminder; nil: nothing is
	count  int
	t      *testing.T
}

// Remind reminds the subject.
func (p *path) Remind(ctx context.Context) error {
	p.count++
	if p.remind != nil {
		p.remind(p.t, p.count)
	}
	return p.subject.Remind(ctx)
}

// Check checks the subject.
func (p *path) Check(ctx context.Context, end explore.End) error {
	p.end = end
	return p.subject.Check(ctx, end)
}

func open(t *testing.T) *path {
	t.Helper()
	p := &path{}
	var err error
	p.stage, err = stage.New(func(r *stage.Registry) (stage.Subject, error) {
		var err error
		p.subject, err = newSubject(t, r)
		return p, err
	})
	require.NoError(t, err)
	return p
}

// run runs a schedule, all of whose faults must hit, and returns the order, which has ended
// as every promise demands.
func (p *path) run(t *testing.T, line string, change func(*order.Placement), reasons ...order.Reason) order.Record {
	t.Helper()
	s, err := schedule.Parse(line)
	require.NoError(t, err)
	p.change, p.reasons, p.t, p.count = change, reasons, t, 0
	o := p.stage.Run(t.Context(), s)
	require.NoError(t, o.Err, "%q", line)
	require.ElementsMatch(t, s, o.Hit)
	rec, err := p.Orders.Get(t.Context(), orderID)
	require.NoError(t, err)
	return rec
}

// forward are the facts of an order that is confirmed.
var forward = []string{
	"order.placed", "catalog.quoted", "payment.authorized", "inventory.stock_changed", "inventory.stock_changed", "inventory.reserved",
	"shipping.booked", "payment.captured", "payment.invoice_issued", "inventory.committed", "order.confirmed",
}

// back are the facts of an abort.
var back = []string{"order.abort_asked", "payment.settled", "order.aborted", "payment.voided", "inventory.released", "shipping.cancelled", "order.cancelled"}

func TestAnOrderIsConfirmed(t *testing.T) {
	t.Parallel()
	p := open(t)
	rec := p.run(t, "", nil)
	require.Equal(t, forward, p.log)
	require.Equal(t, order.Confirmed, rec.Status)

	v := view(t, rec)
	require.Equal(t, rec.Total, v.Total)
	require.EqualValues(t, 2*1850+8900, v.Total.Minor)
	require.EqualValues(t, 1850, v.Lines[0].UnitPrice.Minor)
	require.Len(t, v.Parcels, 2, "a mug from BER, a kettle from AMS")
	require.NotEmpty(t, v.Parcels[0].TrackingNumber)
	require.Equal(t, "order.create=done catalog.quote=done payment.authorize=done inventory.reserve=done shipping.book=done "+
		"payment.capture=done inventory.commit=done order.confirm=done", states(v))
	for _, service := range services {
		told.RequireAbsent(t, p.Book(service), "A. Buyer", "Hauptstr", "10115", "tok_visa")
	}
	require.LessOrEqual(t, p.hops, 7)
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
	p := open(t)
	rec := p.run(t, "", func(p *order.Placement) { p.Lines = []order.Line{{SKU: "LEAFLET", Quantity: 1}} })
	require.Equal(t, order.Confirmed, rec.Status)
	require.NotContains(t, p.log, "payment.authorized")
	require.NotContains(t, p.log, "payment.invoice_issued")
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
	p := open(t)
	for name, c := range refusals {
		rec := p.run(t, "", c.change, c.reason)
		require.Equal(t, []any{order.Cancelled, c.reason}, []any{rec.Status, rec.Reason}, name)
		told := slices.DeleteFunc(p.log, func(fact string) bool { return fact == "inventory.stock_changed" })
		require.Equal(t, back, told[len(told)-len(back):], name)
		for _, st := range view(t, rec).Steps {
			if st.Name == c.step {
				require.Equal(t, []any{"refused", c.code}, []any{string(st.State), st.Error}, name)
			}
		}
	}
}

// Every step that was taken before the refusal is shown as taken and as undone, whether or not
// the order service had heard of it: a picture shows both.
func TestTheRecordTellsWhatWasTakenAndUndone(t *testing.T) {
	t.Parallel()
	p := open(t)
	for name, want := range map[string][]string{
		"Declined":        nil,
		"OutOfStock":      {"payment.authorize"},
		"Undeliverable":   {"inventory.reserve", "payment.authorize"},
		"CaptureDeclined": {"inventory.reserve", "payment.authorize", "shipping.book"},
	} {
		rec := p.run(t, "", refusals[name].change, refusals[name].reason)
		var undone, last []string
		for _, st := range view(t, rec).Steps {
			last = append(last, st.Name)
			if st.State == "undone" {
				undone = append(undone, st.Name)
				require.NotNil(t, st.StartedAt, "%s: %s", name, st.Name)
				require.False(t, st.StartedAt.After(*st.EndedAt), "%s: %s", name, st.Name)
			}
		}
		require.ElementsMatch(t, want, undone, name)
		require.Equal(t, []string{"order.decide", "order.cancel"}, last[len(last)-2:], name)
	}
}

func TestACancelAtAnyPointEndsTheOrder(t *testing.T) {
	t.Parallel()
	p := open(t)
	for reaction, want := range map[string]order.Status{
		"catalog:order.placed": order.Cancelled, "order:catalog.quoted": order.Cancelled, "payment:catalog.quoted": order.Cancelled,
		"inventory:catalog.quoted": order.Cancelled, "inventory:payment.authorized": order.Cancelled,
		"shipping:inventory.reserved": order.Cancelled,
		// The capture is on its way: it comes before the objection.
		"order:shipping.booked": order.Confirmed, "payment:shipping.booked": order.Confirmed, "inventory:payment.captured": order.Confirmed,
		"order:inventory.committed": order.Confirmed,
	} {
		rec := p.run(t, reaction+"#1=cancel", nil)
		require.Equal(t, want, rec.Status, reaction)
		if want == order.Cancelled {
			require.Equal(t, order.CustomerRequest, rec.Reason, reaction)
			require.Contains(t, p.log, "payment.settled", reaction)
		}
	}
}

// The capture has happened at the provider, and its reply was lost, when the order is
// objected to: the settle learns of it, and the order goes forward.
func TestASettleThatLearnsOfTheCaptureGoesForward(t *testing.T) {
	t.Parallel()
	p := open(t)
	rec := p.run(t, "provider.capture#1=lost payment:shipping.booked#2=away payment:shipping.booked#3=cancel", nil)
	require.Equal(t, order.Confirmed, rec.Status)
	require.Equal(t, order.CustomerRequest, rec.Course.Asked)
	require.NotContains(t, p.log, "order.aborted")
}

// The news of the capture is lost and the order is objected to: the settle finds the
// capture done, and tells it anew.
func TestASettleThatFindsTheCaptureDoneTellsIt(t *testing.T) {
	t.Parallel()
	p := open(t)
	rec := p.run(t, "inventory:payment.captured#1=lost catalog:order.placed#2=cancel", nil)
	require.Equal(t, order.Confirmed, rec.Status)
	require.NotContains(t, p.log, "payment.settled")
}

// The news of the booking, or of the quote, is lost, and the order is objected to behind its
// capture: it is reminded of its beginning, not of the objection.
func TestAnOrderWhoseMoneyIsTakenGoesForward(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, line := range []string{
		"order:shipping.booked#1=lost inventory:payment.captured#1=cancel",
		"order:catalog.quoted#1=lost inventory:payment.captured#1=deadline",
	} {
		require.Equal(t, order.Confirmed, p.run(t, line, nil).Status)
		require.Contains(t, p.log, "order.abort_asked")
	}
}

// A dead letter keeps the later steps of its order, but not an abort.
func TestAnAbortOvertakesADeadLetter(t *testing.T) {
	t.Parallel()
	p := open(t)
	rec := p.run(t, "shipping:inventory.reserved#1=cancel payment:order.abort_asked#1=parked", nil)
	require.Equal(t, []any{order.Cancelled, order.CustomerRequest}, []any{rec.Status, rec.Reason})
	require.Empty(t, p.end.Helped)
	require.False(t, rec.NeedsAttention(), "an operator has redriven it")
}

// A bug in any step before the pivot aborts the order, which is flagged; a bug behind it
// waits for an operator.
func TestABugAbortsAnOrder(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, reaction := range []string{
		"catalog:order.placed", "payment:catalog.quoted", "inventory:payment.authorized", "shipping:inventory.reserved", "payment:shipping.booked",
	} {
		rec := p.run(t, reaction+"#1=parked", nil)
		require.Equal(t, []any{order.Cancelled, order.Internal}, []any{rec.Status, rec.Reason}, reaction)
		require.Len(t, rec.Attention, 1, reaction)
	}
	rec := p.run(t, "inventory:payment.captured#1=parked", nil)
	require.Equal(t, []any{order.Confirmed, false}, []any{rec.Status, rec.NeedsAttention()})
	require.Equal(t, []string{"inventory:payment.captured"}, p.end.Helped)
}
