package e2e_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

func TestCancel(t *testing.T) {
	t.Parallel()

	t.Run("OfARunningOrderUndoesIt", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		id := p.placeHeld(t, placement())

		require.Equal(t, http.StatusAccepted, p.cancel(t, id).status)
		require.Equal(t, http.StatusAccepted, p.cancel(t, id).status, "cancelling twice is one cancel")
		p.start(t, "shipping")
		v := decided(t, id)
		require.Equal(t, cancelled, v.Status)
		require.Equal(t, order.CustomerRequest, v.Reason)
		require.NoError(t, p.Check(t.Context()))
		require.Equal(t, http.StatusOK, p.cancel(t, id).status, "it is cancelled already")
	})

	t.Run("DoesNotWaitOutARetryBackoff", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		body := placement()
		maps.Copy(body, tok("tok_unknown")) // keeps the step retrying
		id := p.place(t, "", "", body).order.ID
		eventually(t, "the step runs", func() bool {
			return stateOf(p.get(t, id).order, "payment.authorize") == saga.Running
		})
		r := p.cancel(t, id)
		require.Equal(t, http.StatusAccepted, r.status)
	})

	t.Run("OfAConfirmedOrderIsRefused", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		r := p.place(t, "", "wait=30", placement())
		require.Equal(t, confirmed, r.order.Status)
		c := p.cancel(t, r.order.ID)
		require.Equal(t, http.StatusConflict, c.status)
		require.Equal(t, "PAST_PIVOT", c.code)
	})

	t.Run("OfAnUnknownOrderIsNotFound", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		require.Equal(t, http.StatusNotFound, p.cancel(t, uuid.NewString()).status)
	})

	t.Run("ByTheEngineIsACancelToo", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t, 10*time.Minute)
		id := p.placeHeld(t, placement())
		require.NoError(t, server.CancelWorkflow(t.Context(), "order-"+id, ""))
		p.start(t, "shipping")
		require.Equal(t, order.CustomerRequest, decided(t, id).Reason)
		require.NoError(t, p.Check(t.Context()))
	})
}

func TestDecideByUndoesAnOrderThatCannotGoOn(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, soon)
	p.stop("shipping")
	id := p.place(t, "", "", placement()).order.ID
	eventually(t, "undo begins", func() bool {
		return stateOf(p.get(t, id).order, "shipping.book") == saga.Undoing
	})
	require.Equal(t, saga.Done, stateOf(p.inFull(t, id), "inventory.reserve"), "reverse order: the parcels come first")
	p.start(t, "shipping")
	v := decided(t, id)
	require.Equal(t, cancelled, v.Status)
	require.Equal(t, order.Deadline, v.Reason)
	require.NoError(t, p.Check(t.Context()))
}
