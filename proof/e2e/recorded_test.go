package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/amends/amends/api"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// expressShopper is a client of an API whose orders are express.
func (p *platform) expressShopper(t *testing.T, options ...api.Option) shopper {
	t.Helper()
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue, c.Orders.Express = p.queues["order"], true
	a, err := api.New(c, p.client, append(options, api.WithLogger(slog.New(slog.DiscardHandler)))...)
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	return shopper{h.URL}
}

// events are those of the history of an order's newest run.
func events(t *testing.T, id string) (all []*historypb.HistoryEvent) {
	t.Helper()
	h := server.GetWorkflowHistory(t.Context(), workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for h.HasNext() {
		e, err := h.Next()
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// away is an order service that cannot be called.
type away struct{}

// Get implements [orders.Records].
func (away) Get(context.Context, string) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// Address implements [orders.Records].
func (away) Address(context.Context, string) (order.Address, error) {
	return order.Address{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// Place implements [orders.Records].
func (away) Place(context.Context, string, order.Placement, time.Duration) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// Withdraw implements [orders.Records].
func (away) Withdraw(context.Context, string) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// Repair implements [orders.Records].
func (away) Repair(context.Context, string, ledger.Repair) (order.Record, error) {
	return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// KeepContact implements [orders.Records].
func (away) KeepContact(context.Context, string, string, order.Contact) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
}

// The API's client is that of the worker, so the engine gives it the first task with the
// answer to the start. All steps are in that task, and no update is in the history.
func TestAnExpressOrderIsAcknowledgedByItsRecord(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	shop := p.expressShopper(t, api.WithOrders(p.Orders))
	key := uuid.NewString()
	r := shop.place(t, key, "", placement())
	require.Equal(t, http.StatusAccepted, r.status, r.code)
	require.Equal(t, "record", r.source)
	require.Empty(t, r.header.Get("Idempotency-Replayed"))
	id := r.order.ID
	require.Equal(t, confirmed, decided(t, id).Status)
	require.NoError(t, p.Check(t.Context()))

	all := events(t, id)
	require.True(t, all[0].GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted())
	require.False(t, slices.ContainsFunc(all, func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
	}))
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, all[0].GetEventTime().AsTime().Truncate(time.Microsecond), rec.Placement.PlacedAt, "by the engine's clock")

	again := shop.place(t, key, "wait=30", placement())
	require.Equal(t, http.StatusOK, again.status, again.code)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, confirmed, again.order.Status)
	other := placement()
	other["currency"] = "USD"
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", shop.place(t, key, "", other).code)
}

// The outcome of an update leaves with the workflow task. The workflow ends that of
// order.create for it, and the other steps have the next one.
func TestAnExpressOrderIsAcknowledgedBeforeItsOtherSteps(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	shop := p.expressShopper(t)
	r := shop.place(t, "", "", placement())
	require.Equal(t, http.StatusAccepted, r.status, r.code)
	require.Equal(t, "workflow", r.source)
	require.Equal(t, confirmed, decided(t, r.order.ID).Status)
	require.NoError(t, p.Check(t.Context()))

	var tasks, done, quoted int
	for _, e := range events(t, r.order.ID) {
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			tasks++
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
			done = tasks
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if quoted == 0 && tasks > 1 {
				quoted = tasks
			}
		}
	}
	require.Equal(t, 1, done)
	require.Equal(t, 2, quoted)
}

// While the order service cannot be called, its worker answers by the workflow that was
// started, or the order is found closed already.
func TestAnOrderIsAcknowledgedWhileTheOrderServiceCannotBeCalled(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	shop := p.expressShopper(t, api.WithOrders(away{}))
	key := uuid.NewString()
	r := shop.place(t, key, "wait=30", placement())
	require.Equal(t, http.StatusOK, r.status, r.code)
	require.Equal(t, confirmed, r.order.Status)
	require.Empty(t, r.header.Get("Idempotency-Replayed"))
	again := shop.place(t, key, "wait=30", placement())
	require.Equal(t, http.StatusOK, again.status, again.code)
	require.Equal(t, r.order.ID, again.order.ID)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.NoError(t, p.Check(t.Context()))
}
