package e2e_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/proof/enginetest/lossy"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows"
)

// endOfTask is the call that ends a workflow task at the engine.
const endOfTask = "RespondWorkflowTaskCompleted"

// behindProxy returns a worker of the order service, which is yet to start, and its
// client, whose calls to the engine pass a proxy. The platform has no other one.
func (p *platform) behindProxy(t *testing.T, express *tries) (sdkworker.Worker, client.Client, *lossy.Proxy) {
	t.Helper()
	proxy := lossy.Start(t, devServer.Address)
	e, err := engine.Dial(engine.Options{Address: proxy.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	p.stop("order")
	return p.orderWorker(e.Client, saga.Timing{}, nil, express), e.Client, proxy
}

// begin starts the workflow of an express order, whose tasks time out soon. A worker of
// the client has the first one at once.
func (p *platform) begin(t *testing.T, c client.Client, body map[string]any, taskTimeout time.Duration) (id string) {
	t.Helper()
	o, in := p.expressOrder(t, uuid.NewString(), body)
	o.WorkflowTaskTimeout, o.EnableEagerStart = taskTimeout, true
	_, err := c.ExecuteWorkflow(t.Context(), o, workflows.PlaceOrder, in)
	require.NoError(t, err)
	return in.OrderID
}

// requireOnce requires that the order was decided so, that its effects happened once or
// were undone, and that its history replays.
func (p *platform) requireOnce(t *testing.T, id string, want order.Status) {
	t.Helper()
	require.Equal(t, want, decided(t, id).Status)
	require.NoError(t, p.Check(t.Context()))
	h, err := replay.FromServer(t.Context(), server.Client, workflows.WorkflowID(id), "")
	require.NoError(t, err)
	require.NoError(t, replay.Replay(h))
}

// firstOf returns the index of the first event of a kind in the history, -1 for none.
func firstOf(t *testing.T, id string, kind enumspb.EventType) int {
	t.Helper()
	return slices.IndexFunc(events(t, id), func(e *historypb.HistoryEvent) bool { return e.GetEventType() == kind })
}

// lastOf returns the index of the last event of a kind in the history, -1 for none.
func lastOf(t *testing.T, id string, kind enumspb.EventType) (last int) {
	t.Helper()
	last = -1
	for i, e := range events(t, id) {
		if e.GetEventType() == kind {
			last = i
		}
	}
	return last
}

// The steps of the tasks before are in the history, and those of the lost task are taken
// again.
func TestAWorkerDiesInASecondTask(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		postalCode string
		want       order.Status
	}{
		"OfAnOrderThatIsConfirmed": {"10115", confirmed},
		"OfAnOrderThatIsCancelled": {"00000", cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, 10*time.Minute)
			express := &tries{fails: activities.ReserveStock.Name} // ends the first task
			dying, c, proxy := p.behindProxy(t, express)
			require.NoError(t, dying.Start())
			p.stop("inventory")
			body := placement()
			body["ship_to"] = address(tc.postalCode)
			id := p.begin(t, c, body, 2*time.Second)
			eventually(t, "the stock is reserved over the queue", func() bool {
				return stateOf(ask(t, id), activities.ReserveStock.Name) == saga.Running
			})

			proxy.Lose(endOfTask, 0, status.Error(codes.NotFound, "the worker is dead"))
			p.start(t, "inventory")
			eventually(t, "the second task has made its tries", func() bool { return proxy.Calls(endOfTask) > 0 })
			dying.Stop()
			proxy.Mend()
			p.restartOrder(t, saga.Timing{}, nil, express)
			p.requireOnce(t, id, tc.want)

			// On a slow machine another one may have timed out, too.
			require.Less(t, firstOf(t, id, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED),
				lastOf(t, id, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), "the second task")
		})
	}
}

// keeping holds back the first authorization of a provider until it is freed: its caller may be
// gone by then.
type keeping struct {
	calls               atomic.Int64  // authorizations
	first, again, ended chan struct{} // closed when the first one came, when another one did, when the first one ended
	free                chan struct{} // closed by the test
}

type heldProvider struct {
	provider.Provider
	*keeping
}

func (h heldProvider) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	switch h.calls.Add(1) {
	case 1:
		defer close(h.ended)
		close(h.first)
		<-h.free
	case 2:
		close(h.again)
	}
	return h.Provider.Authorize(context.WithoutCancel(ctx), a)
}

// hold puts a keeping one before the payment provider of workers that are yet to start.
func (p *platform) hold(t *testing.T) *keeping {
	t.Helper()
	h := &keeping{first: make(chan struct{}), again: make(chan struct{}), ended: make(chan struct{}), free: make(chan struct{})}
	p.Faults.Provider = func(known provider.Provider) provider.Provider { return heldProvider{known, h} }
	p.stop("payment")
	p.start(t, "payment")
	return h
}

// passes waits until a channel is closed.
func passes(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	eventually(t, what, func() bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	})
}

// The engine does not hear of the first worker any more, so it gives the task to another
// one; the first one is slow, and alive.
func TestTwoWorkersMakeTheTriesOfOneTask(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	money := p.hold(t)
	first, c, proxy := p.behindProxy(t, &tries{})
	for _, method := range []string{endOfTask, "RespondWorkflowTaskFailed", "PollWorkflowTaskQueue"} {
		proxy.Lose(method, 0, status.Error(codes.NotFound, "cut off")) // which is not repeated
	}
	require.NoError(t, first.Start())
	t.Cleanup(first.Stop)
	id := p.begin(t, c, placement(), 2*time.Second)
	passes(t, "the first worker asks for the money", money.first)
	p.restartOrder(t, saga.Timing{}, nil, &tries{})
	passes(t, "another worker asks for the money", money.again)
	close(money.free)
	p.requireOnce(t, id, confirmed)
	passes(t, "the first call has ended", money.ended)
	require.NoError(t, p.Check(t.Context()))
	require.Positive(t, firstOf(t, id, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), "the engine gave the task to the other worker")
}

// A worker that is told to stop gives up its task, but not the effect of a try: the next
// worker takes the step under the same key.
func TestAWorkerStopsDuringATry(t *testing.T) {
	t.Parallel()
	for name, outlasts := range map[string]bool{"ThatEndsMeanwhile": false, "ThatOutlastsTheStop": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, 10*time.Minute)
			money := p.hold(t)
			first, c, _ := p.behindProxy(t, &tries{})
			require.NoError(t, first.Start())
			id := p.begin(t, c, placement(), 2*time.Second)
			passes(t, "the worker asks for the money", money.first)
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				first.Stop()
			}()
			if !outlasts {
				close(money.free)
			}
			passes(t, "the worker has stopped", stopped)
			if outlasts {
				close(money.free)
			}
			p.restartOrder(t, saga.Timing{}, nil, &tries{})
			p.requireOnce(t, id, confirmed)
			passes(t, "the first call has ended", money.ended)
			require.NoError(t, p.Check(t.Context()))
		})
	}
}
