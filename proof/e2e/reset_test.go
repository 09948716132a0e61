package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// shortly is a decide-by that passes during a test, but not before an ordinary
// order is decided on a machine under load; soon is one that passes while an order waits for a
// worker, but not before it does.
const shortly, soon = 10 * time.Second, 6 * time.Second

// A decided order is reset to each of its workflow tasks, after decide-by has
// passed, the price has changed and the SKU has been deactivated. It must end as
// before, with no effect doubled.
func TestAResetOfADecidedOrderChangesNothing(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		change map[string]any
		status order.Status
		reason order.Reason
	}{
		"Confirmed": {nil, confirmed, ""},
		"Cancelled": {tok("tok_capture_declined"), cancelled, order.PaymentDeclined},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, shortly)
			body := placement()
			maps.Copy(body, tc.change)
			r := p.place(t, "", "wait=30", body)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, tc.status, r.order.Status)
			decided(t, r.order.ID) // its workflow ends behind its record
			ledgers := p.ledgers(t)

			p.changeCatalog(t)
			eventually(t, "decide-by passes", func() bool { return time.Since(r.order.CreatedAt) > shortly })

			points := resetPoints(t, r.order.ID)
			require.Greater(t, len(points.events), 4)
			for _, event := range points.events {
				v := result(t, r.order.ID, reset(t, r.order.ID, points.run, event))
				at := fmt.Sprintf("reset to event %d", event)
				require.Equal(t, tc.status, v.Status, at)
				require.Equal(t, tc.reason, v.Reason, at)
				require.Equal(t, r.order.Total, v.Total, at)
				require.False(t, v.NeedsAttention, at)
				require.NoError(t, p.Check(t.Context()), at)
				require.Equal(t, ledgers, p.ledgers(t), at)
			}
		})
	}
}

// A running saga is reset to before its effects and then cancelled, before the new
// run has started their steps. It must leave nothing behind.
func TestAResetSagaThatIsCancelledLeavesNothing(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("shipping") // the saga waits with stock and money held
	r := p.place(t, "", "", placement())
	require.Equal(t, http.StatusAccepted, r.status)
	eventually(t, "the saga waits for shipping", func() bool {
		v := p.get(t, r.order.ID).order
		return stateOf(v, "shipping.book") == saga.Running
	})

	for _, s := range []string{"catalog", "inventory", "payment"} {
		p.stop(s) // the new run cannot get to its effects
	}
	points := resetPoints(t, r.order.ID)
	run := reset(t, r.order.ID, points.run, points.events[0])
	eventually(t, "the new run has begun", func() bool {
		v := p.get(t, r.order.ID)
		return v.status == http.StatusOK && stateOf(v.order, "catalog.quote") == saga.Running
	})
	status, request := make(chan int, 1), p.cancelRequest(t, r.order.ID)
	go func() {
		res, err := browser.Do(request)
		if err != nil {
			status <- 0
			return
		}
		status <- res.StatusCode
		_ = res.Body.Close() // the body does not matter
	}()
	eventually(t, "undo begins", func() bool { return stateOf(p.get(t, r.order.ID).order, "catalog.quote") != saga.Running })
	for _, s := range []string{"catalog", "inventory", "payment", "shipping"} {
		p.start(t, s)
	}
	// Undo runs, or was so fast that the answer has its end.
	require.Contains(t, []int{http.StatusAccepted, http.StatusOK}, <-status)

	v := result(t, r.order.ID, run)
	require.Equal(t, cancelled, v.Status)
	require.Equal(t, order.CustomerRequest, v.Reason)
	require.Equal(t, saga.Undone, stateOf(v, "inventory.reserve"), "the run never started it, an earlier one did")
	require.NoError(t, p.Check(t.Context()))
}

func stateOf(v workflows.OrderView, step string) saga.State {
	for _, s := range v.Steps {
		if s.Name == step {
			return s.State
		}
	}
	return ""
}

// ledgers returns every record that counts money and goods.
func (p *platform) ledgers(t *testing.T) string {
	t.Helper()
	stock, err := p.Inventory.AllStock(t.Context())
	require.NoError(t, err)
	ledger, err := p.Payments.Ledger(t.Context())
	require.NoError(t, err)
	provider, err := p.Provider.Book(t.Context())
	require.NoError(t, err)
	parcels, err := p.Shipments.Shipments(t.Context())
	require.NoError(t, err)
	carrier, err := p.Carrier.Entries(t.Context())
	require.NoError(t, err)
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%+v", stock, ledger, provider, parcels, carrier)
}

// changeCatalog doubles the price of the placement's products, and retires them.
func (p *platform) changeCatalog(t *testing.T) {
	t.Helper()
	for _, sku := range []string{"MUG", "KETTLE"} {
		product, err := p.Catalog.Product(t.Context(), sku)
		require.NoError(t, err)
		product.Price, product.Active = money.New(2*product.Price.Minor, product.Price.Currency), false
		require.NoError(t, p.Catalog.Import(t.Context(), []catalog.Product{product}))
	}
}

type points struct {
	run    string
	events []int64 // of workflow tasks that completed
}

// resetPoints returns the points to which an order's newest run can be reset.
func resetPoints(t *testing.T, id string) points {
	t.Helper()
	h, err := replay.FromServer(t.Context(), server.Client, workflows.WorkflowID(id), "")
	require.NoError(t, err)
	d, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
	require.NoError(t, err)
	p := points{run: d.GetWorkflowExecutionInfo().GetExecution().GetRunId()}
	for _, e := range h.Events.GetEvents() {
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			p.events = append(p.events, e.GetEventId())
		}
	}
	return p
}

// before returns the last workflow task completed before the one with the result
// of a local step, or with an update.
func (p points) before(t *testing.T, id, name string) int64 {
	t.Helper()
	h, err := replay.FromServer(t.Context(), server.Client, workflows.WorkflowID(id), p.run)
	require.NoError(t, err)
	task := int64(0)
	for _, e := range h.Events.GetEvents() {
		switch e.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			task = e.GetEventId()
		case enums.EVENT_TYPE_MARKER_RECORDED:
			for _, payload := range e.GetMarkerRecordedEventAttributes().GetDetails()["data"].GetPayloads() {
				if strings.Contains(string(payload.GetData()), `"`+name+`"`) {
					return task
				}
			}
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
			if e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName() == name {
				return task
			}
		}
	}
	require.Fail(t, name+" is not in the history")
	return 0
}

// reset does what `temporal workflow reset` does, and returns the new run.
func reset(t *testing.T, id, run string, event int64) string {
	t.Helper()
	r, err := server.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 server.Namespace,
		WorkflowExecution:         &common.WorkflowExecution{WorkflowId: workflows.WorkflowID(id), RunId: run},
		WorkflowTaskFinishEventId: event, RequestId: fmt.Sprintf("%s-%d", id, event), Reason: "test",
	})
	require.NoError(t, err)
	return r.GetRunId()
}
