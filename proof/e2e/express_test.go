package e2e_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	orderid "github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// tries is how the first tries of an express order go.
type tries struct {
	fails   string // the step whose try does not arrive at its service
	updates bool   // the order is placed by an update, which the first workflow task answers
	dies    bool   // the worker dies when it has made all tries of its first workflow task
	slow    string // the step whose try takes longer than its workflow task may
}

// slowTry is nearly the limit of a try at an external system.
const slowTry, slowTask = 1500 * time.Millisecond, time.Second

// expressScenarios are orders whose steps are express, by the name of their golden
// history.
func expressScenarios() map[string]scenario {
	all := map[string]scenario{
		"confirmed-express":                      {status: confirmed, express: &tries{}},
		"confirmed-express-free":                 {status: confirmed, express: &tries{}, change: lines("LEAFLET", 2)},
		"confirmed-express-placed-by-update":     {status: confirmed, express: &tries{updates: true}},
		"confirmed-express-create-not-local":     {status: confirmed, express: &tries{}, create: &createFailure{local: true}, timing: impatient},
		"confirmed-express-authorize-reply-lost": {status: confirmed, express: &tries{}, change: tok("tok_timeout_after_charge")},
		"confirmed-express-capture-reply-lost":   {status: confirmed, express: &tries{}, change: tok("tok_capture_lost")},
		"confirmed-express-book-reply-lost":      {status: confirmed, express: &tries{}, change: map[string]any{"ship_to": shipTo("99999")}},
		"confirmed-express-worker-killed":        {status: confirmed, express: &tries{dies: true}},
		"confirmed-express-task-heartbeat":       {status: confirmed, express: &tries{slow: "payment.authorize"}, steer: requireHeartbeat},
		"confirmed-express-reset":                {status: confirmed, express: &tries{}, steer: resetTo(first)},

		"cancelled-express-unknown-sku":           {status: cancelled, reason: order.UnknownSKU, express: &tries{}, change: lines("NOPE", 1)},
		"cancelled-express-out-of-stock":          {status: cancelled, reason: order.OutOfStock, express: &tries{}, change: lines("SOLD-OUT", 1)},
		"cancelled-express-declined-at-authorize": {status: cancelled, reason: order.PaymentDeclined, express: &tries{}, change: tok("tok_declined")},
		"cancelled-express-undeliverable":         {status: cancelled, reason: order.Undeliverable, express: &tries{}, change: map[string]any{"ship_to": shipTo("00000")}},
		"cancelled-express-declined-at-capture":   {status: cancelled, reason: order.PaymentDeclined, express: &tries{}, change: tok("tok_capture_declined")},
		"cancelled-express-worker-killed":         {status: cancelled, reason: order.Undeliverable, express: &tries{dies: true}, change: map[string]any{"ship_to": shipTo("00000")}},
		"cancelled-express-reset":                 {status: cancelled, reason: order.PaymentDeclined, express: &tries{}, change: tok("tok_capture_declined"), steer: resetTo(first)},
		"cancelled-express-deadline": {
			status: cancelled, reason: order.Deadline, express: &tries{fails: "shipping.book"}, away: "shipping", decide: soon, steer: missDeadline,
		},
		// The pivot is not local, and a cancel that comes meanwhile is a wish.
		"confirmed-express-cancelled-too-late": {
			status: confirmed, express: &tries{fails: "payment.capture"}, away: "payment", steer: cancelAt("payment.capture", "payment"),
		},
	}
	for name, step := range map[string][2]string{ // step, service
		"quote": {"catalog.quote", "catalog"}, "reserve": {"inventory.reserve", "inventory"}, "authorize": {"payment.authorize", "payment"},
		"book": {"shipping.book", "shipping"}, "capture": {"payment.capture", "payment"}, "commit": {"inventory.commit", "inventory"},
	} {
		all["confirmed-express-"+name+"-durable"] = scenario{status: confirmed, express: &tries{fails: step[0]}}
		if name != "capture" && name != "commit" {
			all["cancelled-express-by-customer-"+name] = scenario{
				status: cancelled, reason: order.CustomerRequest, express: &tries{fails: step[0]}, away: step[1], steer: cancelAt(step[0], step[1]),
			}
		}
	}
	return all
}

// bind binds the first tries on the worker of the order service, as package
// worker/tries does.
func (x *tries) bind(p *platform, r saga.Registry) {
	local := saga.NewSteps()
	p.Bind(local)
	to := tried{local, x.fails, x.slow}
	activities.TryCatalog(r, to)
	activities.TryInventory(r, to)
	activities.TryPayment(r, to)
	activities.TryShipping(r, to)
}

// tried does the steps of this process, except for one that it cannot reach, and one
// slowly.
type tried struct {
	*saga.Steps
	fails, slow string
}

// Do implements [saga.Participant].
func (d tried) Do(ctx context.Context, k saga.Key, input []byte) ([]byte, error) {
	if k.Step == d.fails {
		return nil, fault.Errorf(fault.Transient, fault.Unavailable, "the service is not reached")
	}
	if k.Step == d.slow {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(slowTry):
		}
	}
	return d.Steps.Do(ctx, k, input) //nolint:wrapcheck // it is the step's
}

// placeExpress places an order whose steps are express. With dies, another worker takes
// the order over.
func (s scenario) placeExpress(t *testing.T, p *platform, key string, body map[string]any) (id string) {
	t.Helper()
	o, in := p.expressOrder(t, key, body)
	in.DecideAfter = s.patience()
	if s.express.slow != "" {
		o.WorkflowTaskTimeout = slowTask
	}
	switch {
	case s.express.updates:
		s.placeByUpdate(t, p, o, in)
	case s.express.dies:
		s.placeAtDying(t, p, o, in)
	default:
		_, err := p.client.ExecuteWorkflow(t.Context(), o, workflows.PlaceOrder, in)
		require.NoError(t, err)
	}
	return in.OrderID
}

// expressOrder returns how to start the workflow of an express order.
func (p *platform) expressOrder(t *testing.T, key string, body map[string]any) (client.StartWorkflowOptions, workflows.Input) {
	t.Helper()
	var asked order.Placement
	text, err := json.Marshal(body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &asked))
	id := orderid.NewGuests(guestSecret).Order(asked.CustomerID, key)
	asked.Fingerprint, asked.Nonce = orderid.Fingerprint(asked, ""), "golden"
	asked.PlacedAt = time.Now().UTC()
	o := client.StartWorkflowOptions{
		ID: workflows.WorkflowID(id), TaskQueue: p.queues["order"],
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttributeOrderStatus.ValueSet(string(workflows.StatusPending)),
			workflows.AttributeCustomer.ValueSet(orderid.Customer(asked.CustomerID)),
		),
	}
	return o, workflows.Input{OrderID: id, Placement: asked, DecideAfter: 10 * time.Minute, Express: workflows.ExpressSteps()}
}

// placeByUpdate waits until the order is stored, as an API without a way to the order
// service does.
func (s scenario) placeByUpdate(t *testing.T, p *platform, o client.StartWorkflowOptions, in workflows.Input) {
	t.Helper()
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	h, err := p.client.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: p.client.NewWithStartWorkflowOperation(o, workflows.PlaceOrder, in),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: o.ID, UpdateID: workflows.PlaceUpdateID, UpdateName: workflows.UpdatePlace,
			Args:         []any{workflows.PlaceRequest{Fingerprint: in.Placement.Fingerprint, Nonce: in.Placement.Nonce}},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	require.NoError(t, err)
	require.NoError(t, h.Get(t.Context(), nil))
}

// placeAtDying places the order at a worker that makes its tries and then dies: the
// engine never hears of the end of the workflow task.
func (s scenario) placeAtDying(t *testing.T, p *platform, o client.StartWorkflowOptions, in workflows.Input) {
	t.Helper()
	dying, _, proxy := p.behindProxy(t, s.express)
	proxy.Lose(endOfTask, 0, status.Error(codes.NotFound, "the worker is dead"))
	require.NoError(t, dying.Start())

	o.WorkflowTaskTimeout = 2 * time.Second
	_, err := p.client.ExecuteWorkflow(t.Context(), o, workflows.PlaceOrder, in)
	require.NoError(t, err)
	eventually(t, "the tries are made", func() bool { return proxy.Calls(endOfTask) > 0 })
	dying.Stop()
	p.restartOrder(t, s.timing, s.create, s.express)
}

// orderWorker returns a worker of the order service alone, without the doctor.
func (p *platform) orderWorker(c client.Client, timing saga.Timing, create *createFailure, express *tries) sdkworker.Worker {
	w := sdkworker.New(c, p.queues["order"], sdkworker.Options{
		DisableRegistrationAliasing: true, WorkerStopTimeout: 5 * time.Second,
	})
	workflows.Register(w, workflows.Options{Queues: p.queues, Timing: timing})
	activities.BindOrder(w, failing{p.Orders, create}, p.Requests)
	if express != nil {
		express.bind(p, w)
	}
	return w
}

// requireHeartbeat requires that a task has told the engine of its worker's life, and went
// on as the next one: that one was scheduled with its end, without any command.
func requireHeartbeat(t *testing.T, _ *platform, id string) {
	t.Helper()
	decided(t, id)
	all := events(t, id)
	beat := slices.IndexFunc(all, func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
	}) + 1
	for all[beat].GetEventType() == enumspb.EVENT_TYPE_MARKER_RECORDED {
		beat++
	}
	require.Equal(t, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, all[beat].GetEventType())
}
