package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// An operator has terminated the workflow, which no workflow can catch. The API
// says so at once, to every question, and starts no second saga.
func TestATerminatedOrderIsFlaggedAndNotStartedAgain(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("shipping")
	key := uuid.NewString()
	id := p.place(t, key, "", placement()).order.ID
	eventually(t, "the saga waits for shipping", func() bool {
		return stateOf(p.get(t, id).order, "shipping.book") == saga.Running
	})
	require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))

	eventually(t, "its end is shown", func() bool { // the engine is asked for it in what is left of a second
		g := p.get(t, id)
		require.Equal(t, http.StatusOK, g.status)
		n := len(g.order.Attention)
		return g.order.NeedsAttention && n > 0 && g.order.Attention[n-1].Code == "SAGA_TERMINATED"
	})

	again := p.place(t, key, "wait=30", placement())
	require.Equal(t, http.StatusAccepted, again.status, again.code)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.True(t, again.order.NeedsAttention)
	require.Less(t, again.took, 25*time.Second, "there is nothing to wait for")

	other := placement()
	other["currency"] = "USD"
	r := p.place(t, key, "", other)
	require.Equal(t, http.StatusUnprocessableEntity, r.status)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", r.code)

	c := p.cancel(t, id)
	require.Equal(t, http.StatusConflict, c.status)
	require.Equal(t, "SAGA_STOPPED", c.code)
}
