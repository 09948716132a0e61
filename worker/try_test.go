package worker

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

var others = []string{"catalog", "inventory", "payment", "shipping"}

// TestExpressOrdersAskTheServicesFromWhereTheSagaRuns: within one workflow task, whether
// the services are in the same process or another one; and on their queues if the saga's
// worker does not know where they are.
func TestExpressOrdersAskTheServicesFromWhereTheSagaRuns(t *testing.T) {
	t.Parallel()
	s := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, namespace.Register(t.Context(), c, attribute.All, nil))
	count := func(t *testing.T, run client.WorkflowRun, kind enumspb.EventType) (n int) {
		t.Helper()
		for events := c.GetWorkflowHistory(t.Context(), run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
			e, err := events.Next()
			require.NoError(t, err)
			if kind == enumspb.EVENT_TYPE_UNSPECIFIED || e.GetEventType() == kind {
				n++
			}
		}
		return n
	}
	confirmed := func(t *testing.T, queue string, n int) client.WorkflowRun {
		t.Helper()
		id := fmt.Sprint("o-", queue, "-", n)
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: queue}, workflows.PlaceOrder, workflows.Input{
			OrderID: id, DecideAfter: time.Hour, Express: workflows.ExpressSteps(),
			Placement: workflows.Placement{
				CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa", Fingerprint: "f", Nonce: "n",
				Lines:  []workflows.Line{{SKU: "MUG-STONEWARE", Quantity: 1}},
				ShipTo: workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
			},
		})
		require.NoError(t, err)
		var v workflows.OrderView
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, run.Get(ctx, &v))
		require.Equal(t, order.Confirmed, v.Status, "%+v", v)
		return run
	}
	queues := func(o *Options, prefix string) string {
		o.Queues = map[string]string{}
		for _, name := range append([]string{"order"}, others...) {
			o.Queues[name] = prefix + "-" + name
		}
		return o.Queues["order"]
	}
	// A machine that stalls lets the limit of a local try pass, and its step is durable then, as
	// it should be: the first of three orders without that shows the claim.
	oneTask := func(t *testing.T, queue string) {
		t.Helper()
		run := confirmed(t, queue, 1)
		for n := 2; n <= 3 && count(t, run, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) > 0; n++ {
			run = confirmed(t, queue, n)
		}
		require.Zero(t, count(t, run, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
		require.Zero(t, count(t, run, enumspb.EVENT_TYPE_TIMER_STARTED))
		require.Equal(t, 1, count(t, run, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
		require.Equal(t, 14, count(t, run, enumspb.EVENT_TYPE_UNSPECIFIED))
	}

	t.Run("InTheSameProcess", func(t *testing.T) {
		t.Parallel()
		o := options(t, append([]string{"order"}, others...)...)
		queue := queues(&o, "together")
		serves(t, c, o)
		oneTask(t, queue)
	})

	t.Run("InAnotherProcess", func(t *testing.T) {
		t.Parallel()
		o := options(t, others...)
		queues(&o, "apart")
		l := listen(t)
		o.RPC.Listener = l
		serves(t, c, o)
		decides := options(t, "order")
		queue := queues(&decides, "apart")
		decides.Others = map[string]grpc.ClientConnInterface{}
		for _, service := range others {
			conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Service: service})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			decides.Others[service] = conn
		}
		serves(t, c, decides)
		oneTask(t, queue)
	})

	t.Run("WithoutAWayTheyAreDurable", func(t *testing.T) {
		t.Parallel()
		o, decides := options(t, others...), options(t, "order")
		queues(&o, "unknown")
		queue := queues(&decides, "unknown")
		serves(t, c, o)
		serves(t, c, decides)
		require.Equal(t, len(workflows.ExpressSteps()), count(t, confirmed(t, queue, 1), enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
	})
}

// serves runs a group with the demo's products until the test ends.
func serves(t *testing.T, c *engine.Client, o Options) {
	t.Helper()
	require.NoError(t, Migrate(t.Context(), o))
	if _, ok := o.Services["catalog"]; ok {
		require.NoError(t, WithCatalog(t.Context(), o, func(s catalog.Service) error { return demo.Products(t.Context(), s) }))
		require.NoError(t, WithInventory(t.Context(), o, func(s inventory.Service) error { return demo.Stock(t.Context(), s) }))
	}
	g, err := New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return g.Ready(t.Context()) == nil }, patience, 10*time.Millisecond, fmt.Sprint(o.Queues))
}
