package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/workflows"
)

// clinic is a shop, an engine, and the doctor who looks at both in two hours:
// then everything in it is old enough to be judged.
type clinic struct {
	*shoptest.Shop
	payments *payment.Outside
	engine   *engine
	suite    testsuite.WorkflowTestSuite
	in       workflows.ReconcileInput
	runs     int // of the workflow, until the report was there
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{Shop: shoptest.New(t)}
	c.payments = payment.New(c.Payments, c.Provider, payment.Options{})
	c.suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	c.engine = &engine{t: t, clinic: c, sagas: map[string]activities.SagaState{}}
	return c
}

// engine is a fake: it knows what it is told, and runs a saga that is resumed to
// its end at once, for real.
type engine struct {
	t       *testing.T
	clinic  *clinic
	mu      sync.Mutex
	sagas   map[string]activities.SagaState
	resumed []string
	down    error // if set, nothing can be resumed
	mute    bool  // if set, what is resumed does not go on, and the engine answers nothing after that
}

func (e *engine) Describe(_ context.Context, id string) (activities.SagaFact, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mute && len(e.resumed) > 0 {
		return activities.SagaFact{}, errors.New("the engine does not answer")
	}
	state, ok := e.sagas[id]
	if !ok {
		state = activities.SagaMissing
	}
	return activities.SagaFact{Order: id, State: state, How: string(state)}, nil
}

func (e *engine) Resume(_ context.Context, r order.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down != nil {
		return e.down
	}
	e.resumed = append(e.resumed, r.ID)
	if e.mute {
		return nil
	}
	e.clinic.saga(e.t, workflows.TakeUp(r))
	e.sagas[r.ID] = activities.SagaCompleted
	return nil
}

// saga runs an order's saga to its end.
func (c *clinic) saga(t *testing.T, in workflows.Input) workflows.OrderView {
	t.Helper()
	env := c.environment(0)
	c.Bind(env)
	env.ExecuteWorkflow(workflows.PlaceOrder, in)
	require.NoError(t, env.GetWorkflowError())
	var v workflows.OrderView
	require.NoError(t, env.GetWorkflowResult(&v))
	return v
}

// environment runs one workflow, which begins that much later.
func (c *clinic) environment(later time.Duration) *testsuite.TestWorkflowEnvironment {
	env := c.suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	env.SetStartTime(time.Now().Add(later))
	workflows.Register(env, workflows.Options{})
	return env
}

// place has an order decided.
func (c *clinic) place(t *testing.T, token string) workflows.OrderView {
	t.Helper()
	in := c.input()
	in.Placement.PaymentToken = token
	return c.saga(t, in)
}

func (c *clinic) input() workflows.Input {
	now := time.Now().UTC()
	return workflows.Input{OrderID: uuid.NewString(), Placement: workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa",
		Lines:       []workflows.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo:      workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Fingerprint: "f", Nonce: uuid.NewString(), PlacedAt: now, DecideBy: now.Add(10 * time.Minute),
	}}
}

// stopped leaves an order as a saga does that was terminated with stock and
// money held and, if captured, the money taken. Its id is the result.
func (c *clinic) stopped(t *testing.T, captured bool) string {
	t.Helper()
	in := c.input()
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
	c.engine.sagas[id] = activities.SagaStopped
	return id
}

// damage damages a database.
func (c *clinic) damage(t *testing.T, book, statement string, args ...any) {
	t.Helper()
	require.NoError(t, c.Damage(t.Context(), book, statement, args...))
}

// diagnose has the doctor look, and look again after each continue-as-new.
func (c *clinic) diagnose(t *testing.T) workflows.Report {
	t.Helper()
	in := c.in
	for c.runs = 1; ; c.runs++ {
		env := c.suite.NewTestWorkflowEnvironment()
		env.SetTestTimeout(time.Minute)
		env.SetStartTime(time.Now().Add(2 * time.Hour))
		workflows.Register(env, workflows.Options{})
		c.BindAudit(env, c.engine)
		env.ExecuteWorkflow(workflows.Reconcile, in)
		require.True(t, env.IsWorkflowCompleted())
		var next *workflow.ContinueAsNewError
		if err := env.GetWorkflowError(); errors.As(err, &next) {
			in = workflows.ReconcileInput{}
			require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
			continue
		}
		require.NoError(t, env.GetWorkflowError())
		var r workflows.Report
		require.NoError(t, env.GetWorkflowResult(&r))
		return r
	}
}

// kinds are the kinds of what was found, sorted.
func kinds(r workflows.Report) []workflows.FindingKind {
	return slices.Sorted(maps.Keys(r.Counts))
}
