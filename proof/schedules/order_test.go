package schedules_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/workflows"
)

var (
	faults   = flag.Int("faults", 2, "how many faults a schedule has at most")
	sample   = flag.Int("sample", 1500, "how many schedules of each size are tried; 0 is all")
	seed     = flag.Uint64("seed", 1, "draws the sample")
	dense    = flag.Int("dense", 0, "up to how many faults they may be in the middle of an outage; 0 is any number")
	schedule = flag.String("schedule", "", "the one schedule to run")
)

// TestMain lets the heap grow: most of it is garbage, and collecting it took a
// fifth of the explorer's time. The live part is the schedules of one level and
// the known worlds; the limit makes the collector work harder before the machine
// runs out.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(6 << 30)
	os.Exit(m.Run())
}

func explorer(t *testing.T) sagatest.Explorer {
	t.Helper()
	return sagatest.Explorer{
		New:       func() (sagatest.Subject, error) { return newSubject(t) },
		SagaID:    orderID,
		Refusable: []string{"catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book", "payment.capture"},
		Faults:    *faults, Sample: *sample, Seed: *seed, Dense: *dense,
	}
}

// No schedule of faults breaks an order.
func TestNoScheduleOfFaultsBreaksAnOrder(t *testing.T) {
	t.Parallel()

	try(t, explorer(t))
}

// try runs the one schedule of -schedule, or explores.
func try(t *testing.T, e sagatest.Explorer) {
	t.Helper()
	if *schedule != "" {
		replay(t, e, *schedule)
		return
	}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
	if len(report.Sizes) > 1 {
		require.False(t, report.Sizes[1].Sampled, "every schedule of one fault is tried")
	}
}

// replay runs one schedule.
func replay(t *testing.T, e sagatest.Explorer, line string) {
	t.Helper()
	f, err := e.Replay(t.Context(), line)
	require.NoError(t, err)
	if f != nil {
		require.NoError(t, f)
	}
}

// timing is the default, except for the longest pause before the decision: an
// outage beyond decide-by then has a dozen attempts, not seventy that differ in
// nothing but the time. So all of them can be tried.
func timing() saga.Timing {
	t := saga.DefaultTiming()
	t.RetryMax = t.ParkedRetry
	return t
}

const orderID = "01981111-1111-7111-8111-111111111111"

// subject is the order saga with the whole shop.
type subject struct {
	*shoptest.Shop
	registry *sagatest.Registry
	express  []string             // steps
	asked    order.Placement      // the saga's input
	first    *workflows.OrderView // how the saga ended the first time
	rash     []string             // steps that were undone before a reason was recorded
	replaced string               // the first reason, and the one that replaced it
}

func newSubject(t *testing.T) (*subject, error) {
	t.Helper()
	s := newShop(t)
	return s, s.Snapshot(t.Context())
}

// newShop returns a subject whose shop may still be changed: it has no snapshot.
func newShop(t *testing.T) *subject {
	t.Helper()
	s := &subject{Shop: shoptest.NewForOne(t)}
	s.Requests = func(context.Context, string) (order.Placement, error) { return s.asked, nil }
	return s
}

func (s *subject) Register(r *sagatest.Registry) {
	s.registry = r
	s.Faults = shoptest.Faults{
		OneByOne: true, // the order of calls is part of the schedule
		Orders:   func(o order.Service) order.Service { return &witness{o, s} },
		Provider: func(provider.Provider) provider.Provider { return s.FaultyProvider(r) },
		Carrier:  func(carrier.Carrier) carrier.Carrier { return s.FaultyCarrier(r) },
	}
	s.Bind(r)
	workflows.Register(r, workflows.Options{Timing: timing()})
}

func (s *subject) Start(now, decideBy time.Time) (string, any) {
	s.asked = workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa",
		Lines: []workflows.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo: workflows.Address{
			Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE",
		},
		Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: decideBy,
	}
	return workflows.PlaceOrder, workflows.Input{OrderID: orderID, Placement: s.asked, Express: s.express}
}

func (s *subject) Reset(ctx context.Context) error {
	s.first, s.rash, s.replaced = nil, nil, ""
	return s.Shop.Reset(ctx)
}

// Check checks all invariants, and that the workflow and the record agree.
func (s *subject) Check(ctx context.Context, end sagatest.End) error {
	var v workflows.OrderView
	if err := end.Result(&v); err != nil {
		return err
	}
	record, err := s.Orders.Get(ctx, orderID)
	if err != nil {
		return err
	}
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if record.Status != v.Status || record.Reason != v.Reason {
		wrong("the record says %s %s, the workflow %s %s", record.Status, record.Reason, v.Status, v.Reason)
	}
	if s.first != nil && (v.Status != s.first.Status || v.Reason != s.first.Reason) {
		wrong("the saga ended %s %s, then %s %s", s.first.Status, s.first.Reason, v.Status, v.Reason)
	}
	if v.NeedsAttention && v.Reason != order.Internal {
		wrong("it needs attention in the end: %+v", v.Attention)
	}
	if len(s.rash) > 0 {
		wrong("%v undone before the decision was recorded", s.rash)
	}
	if s.replaced != "" {
		wrong("the first reason %s", s.replaced)
	}
	// A run that is lost between settling the pivot and recording its reason
	// leaves only a suspended pivot, so the next run does not know the reason.
	// INTERNAL can mean nothing else here, as no service has a bug. It must be
	// flagged, even if the run that found it was lost with its flag.
	flagged := func(a saga.Attention) bool {
		return a.Code == fault.Suspended || a.Code == fault.Internal && a.Step == activities.DecideOrder.Name
	}
	if v.Reason == order.Internal && (len(v.Attention) != 1 || !flagged(v.Attention[0])) {
		wrong("it was cancelled without a known reason: %+v", v.Attention)
	}
	if late(v, end, s.asked.DecideBy) {
		wrong("it was captured after its time to decide")
	}
	for _, st := range v.Steps {
		if st.Exposure != "" {
			wrong("%s still owes %s", st.Name, st.Exposure)
		}
	}
	s.first = &v
	return errors.Join(append(problems, s.Shop.Check(ctx))...)
}

// late reports whether an order's only run has begun its pivot after decide-by. (A later
// run may find that the pivot has happened.)
func late(v workflows.OrderView, end sagatest.End, decideBy time.Time) bool {
	i := slices.IndexFunc(v.Steps, func(s saga.StepView) bool { return s.Name == activities.CapturePayment.Name })
	settled := slices.Contains(end.Calls, activities.CapturePayment.Name+".settle#1")
	return end.Runs == 1 && !settled && i >= 0 && v.Steps[i].StartedAt != nil && v.Steps[i].StartedAt.After(decideBy)
}

// witness lists the undone steps at each point where an order may be aborted for
// the first time.
type witness struct {
	order.Service

	s *subject
}

func (w *witness) Decide(ctx context.Context, k key.Key, d order.Decision) (order.Record, error) {
	return w.watch(ctx, k, func() (order.Record, error) { return w.Service.Decide(ctx, k, d) })
}

// Cancel comes after the undo, so no step is undone before the decision. (The undo
// mode of an order that was never created differs: it has no record to decide in.
// No schedule has one.)
func (w *witness) Cancel(ctx context.Context, k key.Key, c order.Closing) (order.Record, error) {
	return w.watch(ctx, k, func() (order.Record, error) { return w.Service.Cancel(ctx, k, c) })
}

// watch records the undone steps of an order that is not aborted yet, and any
// change of its first reason.
func (w *witness) watch(ctx context.Context, k key.Key, call func() (order.Record, error)) (order.Record, error) {
	before, err := w.s.Orders.Get(ctx, k.Saga)
	if err != nil {
		return call() // which says so itself
	}
	if before.Against() == "" {
		if w.s.rash, err = w.s.Undone(ctx); err != nil {
			return order.Record{}, err
		}
		// The pivot is settled before the decision.
		w.s.rash = slices.DeleteFunc(w.s.rash, func(step string) bool { return step == activities.CapturePayment.Name })
	}
	after, err := call()
	if was := before.Against(); err == nil && was != "" && after.Against() != was {
		w.s.replaced = fmt.Sprintf("%s became %s", was, after.Against())
	}
	return after, err
}

// Fingerprint returns the state of all services and external systems.
func (s *subject) Fingerprint(ctx context.Context) ([]byte, error) {
	state, err := s.Shop.Fingerprint(ctx)
	if s.first != nil {
		state = fmt.Append(state, s.first.Status, s.first.Reason)
	}
	return fmt.Append(state, s.Refusals, s.rash, s.replaced), err
}

// Refuse makes the services refuse a step that is not decided yet.
func (s *subject) Refuse(ctx context.Context, step string) (bool, error) {
	return s.Shop.Refuse(ctx, orderID, step)
}

// Disturb doubles the prices.
func (s *subject) Disturb(ctx context.Context) error {
	return s.Reprice(ctx, func(p *catalog.Product) { p.Price = money.New(2*p.Price.Minor, p.Price.Currency) })
}
