package workflows_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// testBundle is the order workflow in the test environment, with the real
// activities, services and stores.
type testBundle struct {
	*shoptest.Shop
	env *testsuite.TestWorkflowEnvironment
	in  workflows.Input
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &testBundle{Shop: shoptest.New(t), env: ts.NewTestWorkflowEnvironment()}
	b.env.SetTestTimeout(time.Minute).SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // also on a loaded machine
	workflows.Register(b.env, workflows.Options{})
	b.Requests = func(context.Context, string) (order.Placement, error) { return b.in.Placement, nil }
	b.Bind(b.env)
	now := b.env.Now().UTC()
	b.in = workflows.Input{OrderID: uuid.Must(uuid.NewV7()).String(), Placement: workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa",
		Lines: []workflows.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo: workflows.Address{
			Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE",
		},
		Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: now.Add(10 * time.Minute),
	}}
	return b
}

// on runs f in the workflow's thread when the activity is about to start.
func (b *testBundle) on(name string, f func()) {
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == name && f != nil {
			once := f
			f = nil
			once()
		}
	})
}

// run runs the workflow, checks every invariant, and returns the decided order,
// which its record has kept.
func (b *testBundle) run(t *testing.T) workflows.OrderView {
	t.Helper()
	v := b.decide(t)
	record, err := b.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	var kept workflows.OrderView
	require.NoError(t, json.Unmarshal(record.View, &kept))
	require.Equal(t, states(v), states(kept))
	return v
}

// decide is run for an order whose record may have kept an earlier view.
func (b *testBundle) decide(t *testing.T) workflows.OrderView {
	t.Helper()
	b.env.ExecuteWorkflow(workflows.PlaceOrder, b.in)
	require.True(t, b.env.IsWorkflowCompleted())
	require.NoError(t, b.env.GetWorkflowError())
	var v workflows.OrderView
	require.NoError(t, b.env.GetWorkflowResult(&v))
	require.NoError(t, b.Check(t.Context()))

	record, err := b.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, v.Status, record.Status)
	require.Equal(t, v.Reason, record.Reason)
	return v
}

func states(v workflows.OrderView) string {
	var parts []string
	for _, s := range v.Steps {
		parts = append(parts, s.Name+"="+string(s.State))
	}
	return strings.Join(parts, " ")
}

func TestConfirmsAnOrder(t *testing.T) {
	t.Parallel()

	b := setup(t)
	v := b.run(t)
	require.Equal(t, order.Confirmed, v.Status)
	require.EqualValues(t, 2*1850+8900, v.Total.Minor)
	require.Len(t, v.Parcels, 2, "a mug from BER, a kettle from AMS")
	require.Equal(t, "order.create=done catalog.quote=done inventory.reserve=done payment.authorize=done "+
		"shipping.book=done payment.capture=done inventory.commit=done order.confirm=done", states(v))
	require.False(t, v.NeedsAttention)
}

func TestCancelsForEveryReason(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		change func(*workflows.Placement)
		reason order.Reason
		step   string
		code   fault.Code
	}{
		"UnknownSKU":        {func(p *workflows.Placement) { p.Lines[0].SKU = "NOPE" }, order.UnknownSKU, "catalog.quote", "UNKNOWN_SKU"},
		"InactiveSKU":       {func(p *workflows.Placement) { p.Lines[0].SKU = "RETIRED" }, order.UnknownSKU, "catalog.quote", "UNKNOWN_SKU"},
		"CurrencyMismatch":  {func(p *workflows.Placement) { p.Currency = "USD" }, order.CurrencyMismatch, "catalog.quote", "CURRENCY_MISMATCH"},
		"OutOfStock":        {func(p *workflows.Placement) { p.Lines[0].SKU = "SOLD-OUT" }, order.OutOfStock, "inventory.reserve", "OUT_OF_STOCK"},
		"NotEnough":         {func(p *workflows.Placement) { p.Lines[1].Quantity = 1001 }, order.OutOfStock, "inventory.reserve", "OUT_OF_STOCK"},
		"Declined":          {token("tok_declined"), order.PaymentDeclined, "payment.authorize", "CARD_DECLINED"},
		"InsufficientFunds": {token("tok_insufficient_funds"), order.PaymentDeclined, "payment.authorize", "INSUFFICIENT_FUNDS"},
		"ExpiredCard":       {token("tok_expired_card"), order.PaymentDeclined, "payment.authorize", "EXPIRED_CARD"},
		"CaptureDeclined":   {token("tok_capture_declined"), order.PaymentDeclined, "payment.capture", "CAPTURE_DECLINED"},
		"AuthExpired":       {token("tok_auth_expired"), order.PaymentDeclined, "payment.capture", "AUTH_EXPIRED"},
		"Undeliverable":     {func(p *workflows.Placement) { p.ShipTo.PostalCode = "00000" }, order.Undeliverable, "shipping.book", "UNDELIVERABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tc.change(&b.in.Placement)
			v := b.run(t)
			require.Equal(t, order.Cancelled, v.Status)
			require.Equal(t, tc.reason, v.Reason)
			require.False(t, v.NeedsAttention)
			for _, s := range v.Steps {
				switch s.Name {
				case tc.step:
					require.Equal(t, saga.Refused, s.State)
					require.Equal(t, tc.code, s.Error)
				case "inventory.reserve", "payment.authorize", "shipping.book":
					require.Contains(t, []saga.State{saga.Undone, saga.Refused}, s.State, s.Name)
				default:
					require.Equal(t, saga.Done, s.State, s.Name)
				}
				require.Empty(t, s.Exposure, s.Name)
			}
			last := v.Steps[len(v.Steps)-1]
			require.Equal(t, "order.cancel", last.Name)
		})
	}
}

func token(s string) func(*workflows.Placement) {
	return func(p *workflows.Placement) { p.PaymentToken = s }
}

func TestLostRepliesAndOutagesHeal(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(*workflows.Placement){
		"AuthorizeReplyLost": token("tok_timeout_after_charge"),
		"AuthorizeSlow":      token("tok_slow"),
		"ProviderDown":       token("tok_unavailable"),
		"CaptureReplyLost":   token("tok_capture_lost"),
		"BookReplyLost":      func(p *workflows.Placement) { p.ShipTo.PostalCode = "99999" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			change(&b.in.Placement)
			require.Equal(t, order.Confirmed, b.run(t).Status)
		})
	}
}

// steps before the pivot that are activities of other workers.
var before = []string{"catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book"}

func TestACancelBeforeThePivotLeavesNothing(t *testing.T) {
	t.Parallel()

	for _, step := range before {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var phase saga.Phase
			b.on(step, func() {
				b.env.UpdateWorkflow(saga.UpdateCancel, "", &testsuite.TestUpdateCallback{
					OnAccept: func() {},
					OnReject: func(err error) { require.NoError(t, err) },
					OnComplete: func(result any, err error) {
						if r, ok := result.(saga.CancelResult); ok && err == nil {
							phase = r.Phase
						}
					},
				}, saga.CancelRequest{Saga: b.in.OrderID, Reason: saga.CustomerRequest})
			})
			v := b.run(t)
			require.Equal(t, order.Cancelled, v.Status)
			require.Equal(t, order.CustomerRequest, v.Reason)
			require.Equal(t, saga.Compensating, phase)
		})
	}
}

// An operator may cancel with the engine's tools and give a reason that is not in the
// list, or one that is another's. It is no bug of ours.
func TestACancelForAnyReasonIsARequest(t *testing.T) {
	t.Parallel()

	for _, why := range []fault.Code{"SUSPECTED_FRAUD", "the customer called", "INTERNAL", "OUT_OF_STOCK", ""} {
		b := setup(t)
		b.on("shipping.book", func() {
			b.env.UpdateWorkflow(saga.UpdateCancel, "", &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) }, OnComplete: func(any, error) {},
			}, saga.CancelRequest{Saga: b.in.OrderID, Reason: why})
		})
		v := b.run(t)
		require.Equal(t, order.Cancelled, v.Status)
		require.Equal(t, order.CustomerRequest, v.Reason, why)
		require.False(t, v.NeedsAttention, why)
	}
}

func TestADeadlineBeforeThePivotLeavesNothing(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.in.Placement.DecideBy = b.env.Now().Add(-time.Second)
	v := b.run(t)
	require.Equal(t, order.Cancelled, v.Status)
	require.Equal(t, order.Deadline, v.Reason)

	for _, step := range before {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			// The step's worker is away until after decide-by.
			b.Bind(away{b.env, step})
			v := b.run(t)
			require.Equal(t, order.Cancelled, v.Status)
			require.Equal(t, order.Deadline, v.Reason)
		})
	}
}

// away registers a step that always fails, and every other as it is.
type away struct {
	saga.Registry
	step string
}

func (a away) RegisterActivityWithOptions(f any, o activity.RegisterOptions) {
	if o.Name == a.step {
		f = func(context.Context, any) (any, error) {
			return nil, temporal.NewApplicationError("away", "UNAVAILABLE")
		}
	}
	a.Registry.RegisterActivityWithOptions(f, o)
}

func TestAnswersAPlacementOnceTheOrderIsDurable(t *testing.T) {
	t.Parallel()

	b := setup(t)
	var got workflows.PlaceResult
	b.env.RegisterDelayedCallback(func() {
		b.env.UpdateWorkflow(workflows.UpdatePlace, workflows.PlaceUpdateID, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(result any, err error) {
				require.NoError(t, err)
				got, _ = result.(workflows.PlaceResult)
			},
		}, workflows.PlaceRequest{Fingerprint: "another", Nonce: "another"})
	}, 0)
	b.run(t)
	require.Equal(t, "f", got.Fingerprint, "the record answers, not the request")
	require.Equal(t, "n", got.Nonce)
	require.Equal(t, order.Pending, got.Order.Status)
}

// The same order was placed in the other style before: its record decides.
func TestARecordOfTheOtherStyleEndsTheWorkflow(t *testing.T) {
	t.Parallel()

	b := setup(t)
	first := b.in.Placement
	first.Style = order.Choreographed
	_, err := b.Orders.Create(t.Context(), saga.Key{Saga: b.in.OrderID, Step: "order.create"}, first)
	require.NoError(t, err)
	b.env.ExecuteWorkflow(workflows.PlaceOrder, b.in)
	require.NoError(t, b.env.GetWorkflowError())
	var v workflows.OrderView
	require.NoError(t, b.env.GetWorkflowResult(&v))
	require.Equal(t, order.Pending, v.Status)
	require.Equal(t, "order.create=done", states(v), "no other step is taken, and none is undone")
	for _, service := range []string{"catalog", "inventory", "payment", "shipping"} {
		var steps int64
		require.NoError(t, b.Book(service).Table("barrier").Count(&steps).Error)
		require.Zero(t, steps, service)
	}
	rec, err := b.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, []any{order.Choreographed, int64(1)}, []any{rec.Style(), rec.Version})
}

// forgotten is the same order's shop after the engine has forgotten the workflow. The
// customer's key comes with another request.
func (b *testBundle) forgotten(t *testing.T) *testBundle {
	t.Helper()
	again := setup(t)
	again.Shop, again.in = b.Shop, b.in
	again.Requests = func(context.Context, string) (order.Placement, error) { return again.in.Placement, nil }
	again.Bind(again.env)
	p := &again.in.Placement
	p.Lines, p.ShipTo.Line1, p.PaymentToken = []workflows.Line{{SKU: "TEA", Quantity: 7}}, "Nebenstr. 2", "tok_other"
	p.Fingerprint, p.Nonce = "f2", "n2"
	return again
}

func TestARecordThatExistsIsTheTruth(t *testing.T) {
	t.Parallel()

	t.Run("OfAConfirmedOrder", func(t *testing.T) {
		t.Parallel()
		first := setup(t)
		want := first.run(t)
		v := first.forgotten(t).run(t)
		require.Equal(t, order.Confirmed, v.Status)
		require.Equal(t, "MUG", v.Lines[0].SKU)
		require.Equal(t, want.Parcels, v.Parcels)
		require.False(t, v.NeedsAttention)
	})

	t.Run("OfACancelledOrder", func(t *testing.T) {
		t.Parallel()
		first := setup(t)
		first.in.Placement.PaymentToken = "tok_declined"
		first.run(t)
		v := first.forgotten(t).decide(t)
		require.Equal(t, order.Cancelled, v.Status)
		require.Equal(t, order.PaymentDeclined, v.Reason)
		require.False(t, v.NeedsAttention)
	})

	// Nothing is held with another customer's card, or sent to another address.
	t.Run("OfAnOrderThatIsNotDecided", func(t *testing.T) {
		t.Parallel()
		for _, at := range before {
			first := setup(t)
			first.lose(t, at)
			v := first.forgotten(t).run(t)
			require.Equal(t, order.Cancelled, v.Status, at)
			require.Equal(t, "MUG", v.Lines[0].SKU)
			require.True(t, v.NeedsAttention, "its workflow is lost, for no known reason")
		}
	})

	t.Run("OfAnOrderThatIsPaid", func(t *testing.T) {
		t.Parallel()
		first := setup(t)
		first.lose(t, "inventory.commit")
		v := first.forgotten(t).run(t)
		require.Equal(t, order.Confirmed, v.Status)
		require.Equal(t, "MUG", v.Lines[0].SKU)
		require.Len(t, v.Parcels, 2)
	})
}
