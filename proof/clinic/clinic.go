// Package clinic is a shop, a fake engine and the doctor, for tests that damage the
// shop and ask the doctor about it.
package clinic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/repay"
)

// Clinic is a shop and an engine, which the doctor judges Later than now, in two hours unless
// that is set: then every order is old enough.
type Clinic struct {
	*shoptest.Shop

	Engine *Engine
	In     doctor.Input // of [Clinic.Diagnose]
	Later  time.Duration
	Before *doctor.Report // of the schedule's run before; nil: there was none
	Runs   int            // of the workflow in the last diagnosis, by continue-as-new
	// Resumed is called after the doctor has had sagas resumed; nil: nothing follows.
	Resumed func()

	payments *outside.Outside
	outboxes map[string]*told.Reader // those that were read, by service
	suite    testsuite.WorkflowTestSuite
}

// New returns a clinic with a healthy shop.
func New(tb testing.TB) *Clinic {
	tb.Helper()
	c := &Clinic{Shop: shoptest.New(tb), Later: 2 * time.Hour, outboxes: map[string]*told.Reader{}}
	c.payments = outside.New(c.Payments, c.Provider, outside.Options{})
	c.suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	c.Engine = &Engine{t: tb, clinic: c, Sagas: map[string]activities.SagaState{}}
	return c
}

// Engine is a fake of the engine. A saga that is resumed runs to its end at once,
// for real.
type Engine struct {
	Sagas   map[string]activities.SagaState // by order; without one, the saga is missing
	Resumed []string                        // orders, and refunds, whose sagas were resumed
	Down    error                           // if set, no saga can be resumed
	Mute    bool                            // if set, resumed sagas stand still, and the engine answers nothing after that

	t      testing.TB
	clinic *Clinic
	mu     sync.Mutex
}

// Describe implements [activities.Sagas].
func (e *Engine) Describe(_ context.Context, id string) (activities.SagaFact, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Mute && len(e.Resumed) > 0 {
		return activities.SagaFact{}, errors.New("the engine does not answer")
	}
	state, ok := e.Sagas[id]
	if !ok {
		state = activities.SagaMissing
	}
	return activities.SagaFact{Order: id, State: state, How: string(state)}, nil
}

// Resume implements [activities.Sagas].
func (e *Engine) Resume(_ context.Context, r order.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Down != nil {
		return e.Down
	}
	e.Resumed = append(e.Resumed, r.ID)
	if e.Mute {
		return nil
	}
	e.clinic.Saga(e.t, workflows.Resume(r))
	e.Sagas[r.ID] = activities.SagaCompleted
	return nil
}

// DescribeRefund implements [activities.Sagas].
func (e *Engine) DescribeRefund(ctx context.Context, id string) (activities.SagaFact, error) {
	return e.Describe(ctx, id)
}

// ResumeRefund implements [activities.Sagas].
func (e *Engine) ResumeRefund(_ context.Context, f order.Refund) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Resumed = append(e.Resumed, f.ID)
	e.clinic.repay(e.t, repay.Resume(f))
	e.Sagas[f.ID] = activities.SagaCompleted
	return nil
}

// Saga runs an order's saga to its end.
func (c *Clinic) Saga(tb testing.TB, in workflows.Input) workflows.OrderView {
	tb.Helper()
	env := c.Environment(0)
	c.Bind(env)
	env.ExecuteWorkflow(workflows.PlaceOrder, in)
	require.NoError(tb, env.GetWorkflowError())
	var v workflows.OrderView
	require.NoError(tb, env.GetWorkflowResult(&v))
	return v
}

// Refund runs a refund of an order to its end. The stock comes back with it.
func (c *Clinic) Refund(t *testing.T, id string, number int, minor int64) repay.View {
	t.Helper()
	return c.repay(t, repay.Input{
		OrderID: id, Number: number, Amount: money.New(minor, "EUR"),
		Note: refund.Note{ID: fmt.Sprint("r", number), Reason: "broken", By: "ada", TakeBack: true},
	})
}

func (c *Clinic) repay(tb testing.TB, in repay.Input) repay.View {
	tb.Helper()
	env := c.Environment(0)
	c.Bind(env)
	env.ExecuteWorkflow(repay.RefundOrder, in)
	require.NoError(tb, env.GetWorkflowError())
	var v repay.View
	require.NoError(tb, env.GetWorkflowResult(&v))
	return v
}

// Environment returns an environment for one workflow that starts later than now.
func (c *Clinic) Environment(later time.Duration) *testsuite.TestWorkflowEnvironment {
	env := c.suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // activities run in the workflow's thread here
	env.SetStartTime(time.Now().Add(later))
	workflows.Register(env, workflows.Options{})
	return env
}

// Place places an order with a payment token, and runs its saga to its end.
func (c *Clinic) Place(tb testing.TB, token string) workflows.OrderView {
	tb.Helper()
	in := c.Input()
	in.Placement.PaymentToken = token
	return c.Saga(tb, in)
}

// Input returns the input of an order that goes well.
func (c *Clinic) Input() workflows.Input {
	now := time.Now().UTC()
	return workflows.Input{OrderID: uuid.NewString(), Placement: workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa",
		Lines:       []workflows.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo:      workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Fingerprint: "f", Nonce: uuid.NewString(), PlacedAt: now, DecideBy: now.Add(10 * time.Minute),
	}}
}

// Stopped leaves an order as a terminated saga does that holds stock and money and,
// if captured, took the money. It returns the order's id.
func (c *Clinic) Stopped(t *testing.T, captured bool) string {
	t.Helper()
	in := c.Input()
	id, total := in.OrderID, money.New(2*1850+8900, "EUR")
	_, err := c.Orders.Create(t.Context(), key.New(id, "order.create"), in.Placement)
	require.NoError(t, err)
	_, err = c.Inventory.Reserve(t.Context(), key.New(id, "inventory.reserve"), inventory.ReserveRequest{
		Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
	})
	require.NoError(t, err)
	_, err = c.payments.Authorize(t.Context(), key.New(id, "payment.authorize"), payment.AuthorizeRequest{Amount: total, Token: "tok_visa"})
	require.NoError(t, err)
	if captured {
		_, err = c.payments.Capture(t.Context(), key.New(id, "payment.capture"), payment.CaptureRequest{Amount: total})
		require.NoError(t, err)
	}
	c.Engine.Sagas[id] = activities.SagaStopped
	return id
}

// StopRefund leaves a refund of a confirmed order as a terminated saga does, before or
// after its pivot.
func (c *Clinic) StopRefund(t *testing.T, id string, number int, minor int64, paid bool) {
	t.Helper()
	k := func(step string) key.Key { return key.Key{Saga: id, Step: step, Generation: number} }
	amount, refundID := money.New(minor, "EUR"), fmt.Sprint("r", number)
	require.NoError(t, c.Orders.OpenRefund(t.Context(), k("order.open_refund"), order.RefundOpening{
		ID: refundID, Amount: amount, TakeBack: true, At: time.Now().UTC(),
	}))
	if paid {
		_, err := c.payments.Refund(t.Context(), k("payment.refund"), payment.RefundRequest{Amount: amount, Note: refund.Note{ID: refundID}})
		require.NoError(t, err)
	}
	c.Engine.Sagas[refundID] = activities.SagaStopped
}

// Injure damages a database as [shoptest.Shop.Damage] does.
func (c *Clinic) Injure(tb testing.TB, book, statement string, args ...any) {
	tb.Helper()
	require.NoError(tb, c.Damage(tb.Context(), book, statement, args...))
}

// Diagnose runs the doctor, through every continue-as-new, and returns its report.
func (c *Clinic) Diagnose(tb testing.TB) doctor.Report {
	tb.Helper()
	in := c.In
	for c.Runs = 1; ; c.Runs++ {
		env := c.suite.NewTestWorkflowEnvironment()
		env.SetTestTimeout(time.Minute)
		env.SetStartTime(time.Now().Add(c.Later))
		if c.Before != nil {
			env.SetLastCompletionResult(*c.Before)
		}
		doctor.Register(env, nil)
		c.BindAudit(env, c.Engine)
		env.SetOnActivityCompletedListener(func(a *activity.Info, _ converter.EncodedValue, _ error) {
			if a.ActivityType.Name == activities.ResumeSagas.Name && c.Resumed != nil {
				c.Resumed()
			}
		})
		env.ExecuteWorkflow(doctor.Reconcile, in)
		require.True(tb, env.IsWorkflowCompleted())
		var next *workflow.ContinueAsNewError
		if err := env.GetWorkflowError(); errors.As(err, &next) {
			in = doctor.Input{}
			require.NoError(tb, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
			continue
		}
		require.NoError(tb, env.GetWorkflowError())
		var r doctor.Report
		require.NoError(tb, env.GetWorkflowResult(&r))
		return r
	}
}

// Kinds returns the kinds of a report's findings, sorted.
func Kinds(r doctor.Report) []audit.Kind {
	return slices.Sorted(maps.Keys(r.Counts))
}
