package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// impatientShopper is a client of an API that does not wait long for an order.
func (p *platform) impatientShopper(t *testing.T) shopper {
	t.Helper()
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue, c.Orders.PlacementTimeout = p.queues["order"], time.Second
	a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)), api.WithOrders(p.Orders))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	return shopper{h.URL}
}

// unrecorded places an order that no worker takes, and has an operator end its
// workflow. It returns the order's id and its key.
func (p *platform) unrecorded(t *testing.T) (id, key string) {
	t.Helper()
	p.stop("order")
	key = uuid.NewString()
	hasty := p.impatientShopper(t)
	for range 2 {
		eventually(t, "the engine has it, and no worker", func() bool { // a starved engine may have nothing at first
			r := hasty.place(t, key, "", placement())
			require.NoError(t, turnedAway(r))
			id = strings.TrimPrefix(r.header.Get("Location"), "/v1/orders/")
			return r.code == string(place.PlacementUnknown)
		})
	}
	require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "it waits on a wrong queue"))
	return id, key
}

// runs returns how many runs an order's workflow has had.
func runs(t *testing.T, id string) (n int) {
	t.Helper()
	list, err := server.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowId = '" + workflows.WorkflowID(id) + "'"})
	require.NoError(t, err)
	return len(list.GetExecutions())
}

// An operator has ended a workflow whose order was never recorded. Its customer's
// repeats place the order after all, once.
func TestAPlacementThatWasNeverRecordedIsPlacedAgain(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	id, key := p.unrecorded(t)
	p.start(t, "order")
	other := placement()
	other["currency"] = "USD"
	require.EqualValues(t, place.KeyReused, p.place(t, key, "", other).code, "a key stays the key of its request")

	var fresh, replayed int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r, err := p.tryPlace(t.Context(), key, "", placement())
			for err == nil && r.code == string(place.Overloaded) { // it has waited for its turn already
				r, err = p.tryPlace(t.Context(), key, "", placement())
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || r.status >= http.StatusMultipleChoices || r.order.ID != id:
				t.Errorf("%+v %v", r, err)
			case r.header.Get("Idempotency-Replayed") == "true":
				replayed++
			default:
				fresh++
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, fresh)
	require.Equal(t, 7, replayed)
	require.Equal(t, confirmed, decided(t, id).Status)
	require.NoError(t, p.Check(t.Context()))
	eventually(t, "its two runs are listed", func() bool { return runs(t, id) == 2 })
}

// A record without a trace in the engine's history is of an attempt to create it whose
// worker died. The order goes on with it.
func TestAPlacementThatIsPlacedAgainFindsItsRecord(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	id, key := p.unrecorded(t)
	input, err := orders.New(orders.DefaultConfig(), server.Client).Input(t.Context(), id)
	require.NoError(t, err)
	_, err = p.Orders.Create(t.Context(), saga.Key{Saga: id, Step: "order.create"}, input.Placement)
	require.NoError(t, err)
	p.start(t, "order")
	r := p.place(t, key, "", placement())
	require.Equal(t, http.StatusAccepted, r.status)
	require.Equal(t, "true", r.header.Get("Idempotency-Replayed"), "the first call placed it")
	require.Equal(t, confirmed, decided(t, id).Status)
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, input.Placement.Nonce, rec.Placement.Nonce)
	require.NoError(t, p.Check(t.Context()))
}

// Everything else that was ended may have effects, and is left to the doctor.
func TestAnOrderThatHasBegunIsNotPlacedAgain(t *testing.T) {
	t.Parallel()

	notAgain := func(t *testing.T, p *platform, id, key string) {
		t.Helper()
		r := p.place(t, key, "", placement())
		require.Equal(t, http.StatusAccepted, r.status, r.code)
		require.Equal(t, "true", r.header.Get("Idempotency-Replayed"))
		require.EqualValues(t, "SAGA_TERMINATED", r.order.Attention[len(r.order.Attention)-1].Code)
		d, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
		require.NoError(t, err)
		require.NotNil(t, d.GetWorkflowExecutionInfo().GetCloseTime(), "nothing was started")
	}

	t.Run("BecauseItWasResetFromARunThatHas", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		p.stop("shipping")
		key := uuid.NewString()
		id := p.place(t, key, "", placement()).order.ID
		p.reaches(t, id, "shipping.book", saga.Running)
		p.stop("order")
		at := resetPoints(t, id)
		reset(t, id, at.run, first(at))
		require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
		notAgain(t, p, id, key)
	})

	t.Run("BecauseItWasResumed", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		p.stop("shipping")
		key := uuid.NewString()
		id := p.place(t, key, "", placement()).order.ID
		p.reaches(t, id, "shipping.book", saga.Running)
		p.stop("order")
		resume(t, p, id)
		require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
		notAgain(t, p, id, key)
	})
}
