package e2e_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
)

// scenario is one shape that the history of an order can have.
type scenario struct {
	status  order.Status
	reason  order.Reason
	flagged bool // it ends, but needs a person

	change map[string]any // to the placement that is confirmed
	decide time.Duration  // decide-by; 0: ten minutes
	timing saga.Timing    // of the saga; zero: the defaults
	away   string         // the service without a worker when the order is placed
	create *createFailure // of the order's first step; nil: none
	// express is how the first tries of an express order go; nil: it is not express.
	express *tries

	// steer interferes while the saga is under way, or afterwards; nil: not at
	// all.
	steer func(t *testing.T, p *platform, id string)
}

// impatient flags a step soon.
var impatient = saga.Timing{
	StartToClose: time.Second, LocalStartToClose: 500 * time.Millisecond,
	RetryInitial: 50 * time.Millisecond, RetryMax: 200 * time.Millisecond,
	ParkAfter: time.Second, ParkedRetry: 500 * time.Millisecond,
}

// scenarios by the name of their golden history.
func scenarios() map[string]scenario {
	all := map[string]scenario{
		"confirmed":                      {status: confirmed},
		"confirmed-free":                 {status: confirmed, change: lines("LEAFLET", 2)},
		"confirmed-authorize-reply-lost": {status: confirmed, change: tok("tok_timeout_after_charge")},
		"confirmed-capture-reply-lost":   {status: confirmed, change: tok("tok_capture_lost")},
		"confirmed-book-reply-lost":      {status: confirmed, change: map[string]any{"ship_to": shipTo("99999")}},
		"confirmed-provider-down":        {status: confirmed, change: tok("tok_unavailable")},
		"confirmed-create-retried":       {status: confirmed, create: &createFailure{times: 2}},
		"confirmed-create-not-local":     {status: confirmed, create: &createFailure{local: true}, timing: impatient},

		"cancelled-unknown-sku":           {status: cancelled, reason: order.UnknownSKU, change: lines("NOPE", 1)},
		"cancelled-currency-mismatch":     {status: cancelled, reason: order.CurrencyMismatch, change: map[string]any{"currency": "USD"}},
		"cancelled-out-of-stock":          {status: cancelled, reason: order.OutOfStock, change: lines("SOLD-OUT", 1)},
		"cancelled-declined-at-authorize": {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_declined")},
		"cancelled-declined-at-capture":   {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_capture_declined")},
		"cancelled-undeliverable":         {status: cancelled, reason: order.Undeliverable, change: map[string]any{"ship_to": shipTo("00000")}},
		"cancelled-internal":              {status: cancelled, reason: order.Internal, flagged: true, away: "inventory", steer: contradict},
		"cancelled-deadline":              {status: cancelled, reason: order.Deadline, away: "shipping", decide: soon, steer: missDeadline},

		"cancelled-by-customer-quoting":       {status: cancelled, reason: order.CustomerRequest, away: "catalog", steer: cancelAt("catalog.quote", "catalog")},
		"cancelled-by-customer-reserving":     {status: cancelled, reason: order.CustomerRequest, away: "inventory", steer: cancelAt("inventory.reserve", "inventory")},
		"cancelled-by-customer-authorizing":   {status: cancelled, reason: order.CustomerRequest, away: "payment", steer: cancelAt("payment.authorize", "payment")},
		"cancelled-by-customer-booking":       {status: cancelled, reason: order.CustomerRequest, away: "shipping", steer: cancelAt("shipping.book", "shipping")},
		"cancelled-by-engine":                 {status: cancelled, reason: order.CustomerRequest, away: "shipping", steer: cancelByEngine},
		"cancelled-by-customer-settle-parked": {status: cancelled, reason: order.CustomerRequest, away: "shipping", timing: impatient, steer: parkSettle},
		"cancelled-by-customer-undo-parked":   {status: cancelled, reason: order.CustomerRequest, away: "shipping", timing: impatient, steer: parkUndo},
		// A cancel that comes while the pivot is under way is a wish: its outcome
		// decides.
		"confirmed-cancelled-too-late":       {status: confirmed, away: "shipping", steer: cancelDuringCapture},
		"cancelled-declined-and-by-customer": {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_capture_declined"), away: "shipping", steer: cancelDuringCapture},

		"confirmed-capture-parked": {status: confirmed, away: "shipping", timing: impatient, steer: park("payment")},
		"confirmed-commit-parked":  {status: confirmed, away: "shipping", timing: impatient, steer: park("inventory")},

		"confirmed-book-flagged":             {status: confirmed, away: "shipping", timing: impatient, steer: missShipping},
		"cancelled-by-customer-undo-retried": {status: cancelled, reason: order.CustomerRequest, away: "shipping", timing: lazy, steer: retryVoiding},
		"cancelled-by-customer-undo-waived":  {status: cancelled, reason: order.CustomerRequest, away: "shipping", timing: lazy, steer: skipVoiding},
		"cancelled-resumed":                  {status: cancelled, reason: order.Deadline, away: "shipping", steer: resumeBooking},
		"confirmed-resumed":                  {status: confirmed, away: "shipping", steer: resumeCommitting},

		"confirmed-reset":         {status: confirmed, steer: resetTo(middle)},
		"confirmed-reset-late":    {status: confirmed, decide: shortly, steer: resetLate},
		"cancelled-reset":         {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_capture_declined"), steer: resetTo(first)},
		"cancelled-reset-middle":  {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_capture_declined"), steer: resetTo(middle)},
		"cancelled-reset-late":    {status: cancelled, reason: order.PaymentDeclined, change: tok("tok_capture_declined"), decide: shortly, steer: resetLate},
		"cancelled-reset-waived":  {status: cancelled, reason: order.CustomerRequest, away: "shipping", timing: lazy, steer: resetAfterSkip},
		"cancelled-reset-undoing": {status: cancelled, reason: order.Undeliverable, change: map[string]any{"ship_to": shipTo("00000")}, away: "shipping", timing: lazy, steer: resetInMidUndo},
		"cancelled-reset-running": {status: cancelled, reason: order.CustomerRequest, away: "shipping", steer: resetWhileRunning},
	}
	maps.Copy(all, expressScenarios())
	return all
}

// shipTo is the address of a placement with another postal code, which switches
// the carrier's simulator.
func shipTo(postalCode string) map[string]any {
	return map[string]any{
		"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": postalCode, "country": "DE",
	}
}

// cancelAt cancels while the step waits for its service's worker.
func cancelAt(step, service string) func(*testing.T, *platform, string) {
	return func(t *testing.T, p *platform, id string) {
		t.Helper()
		p.reaches(t, id, step, saga.Running)
		p.settled(t, id)
		p.wish(t, id)
		p.start(t, service)
	}
}

func cancelByEngine(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	require.NoError(t, server.CancelWorkflow(t.Context(), "order-"+id, ""))
	p.start(t, "shipping")
}

func cancelDuringCapture(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.stop("payment")
	p.start(t, "shipping")
	p.reaches(t, id, "payment.capture", saga.Running)
	p.wish(t, id)
	p.start(t, "payment")
}

// contradict uses the step's key for another request, which no saga does.
func contradict(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "inventory.reserve", saga.Running)
	_, err := p.Inventory.Reserve(t.Context(), saga.Key{Saga: id, Step: "inventory.reserve"},
		inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "TEA", Quantity: 7}}})
	require.NoError(t, err)
	p.start(t, "inventory")
}

func missDeadline(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Undoing)
	p.start(t, "shipping")
}

func parkUndo(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.stop("inventory")
	p.wish(t, id)
	p.start(t, "shipping")
	p.reaches(t, id, "inventory.reserve", saga.Flagged)
	p.start(t, "inventory")
}

func parkSettle(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.stop("payment")
	p.wish(t, id)
	p.flagged(t, id)
	require.Equal(t, saga.Done, stateOf(p.inFull(t, id), "inventory.reserve"), "nothing is undone on a guess")
	p.start(t, "payment")
	p.start(t, "shipping")
}

// park stops the worker of a service that the saga needs after the booking of the
// parcels, until the saga is flagged.
func park(service string) func(*testing.T, *platform, string) {
	return func(t *testing.T, p *platform, id string) {
		t.Helper()
		p.reaches(t, id, "shipping.book", saga.Running)
		p.stop(service)
		p.start(t, "shipping")
		p.flagged(t, id)
		p.start(t, service)
	}
}

func first(p points) int64  { return p.events[0] }
func middle(p points) int64 { return p.events[len(p.events)/2] }

func resetTo(point func(points) int64) func(*testing.T, *platform, string) {
	return func(t *testing.T, p *platform, id string) {
		t.Helper()
		decided(t, id)
		at := resetPoints(t, id)
		reset(t, id, at.run, point(at))
	}
}

// resetLate resets to the beginning after decide-by.
func resetLate(t *testing.T, p *platform, id string) {
	t.Helper()
	v := decided(t, id)
	p.changeCatalog(t)
	eventually(t, "decide-by passes", func() bool { return time.Since(v.CreatedAt) > shortly })
	resetTo(first)(t, p, id)
}

// resetWhileRunning resets to before the effects, and cancels before the new run
// has started the steps that had them.
func resetWhileRunning(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.stop("catalog")
	at := resetPoints(t, id)
	reset(t, id, at.run, first(at))
	p.reaches(t, id, "catalog.quote", saga.Running)
	p.wish(t, id)
	p.start(t, "catalog")
	p.start(t, "shipping")
}
