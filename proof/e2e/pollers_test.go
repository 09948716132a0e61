package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/fault"
	ids "github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/workflows"
)

// An API whose queue has another name than the workers' says so, and starts nothing:
// a placement there would wait for ever.
func TestAnAPIWithoutWorkersIsNotReadyAndStartsNothing(t *testing.T) {
	t.Parallel()

	var later atomic.Int64
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue = "misspelt-" + uuid.NewString()
	c.Orders.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	eventually(t, "it is not ready", func() bool { // a starved machine may let the first questions time out
		status, text := fetch(t, h.URL+"/readyz")
		require.Equal(t, http.StatusServiceUnavailable, status)
		return strings.Contains(text, `No worker polls the task queue \"`+c.Orders.Queue+`\"`)
	})

	later.Store(int64(time.Minute)) // its workers had time to start
	var key string
	eventually(t, "a placement is refused", func() bool { // as above: an engine in a hurry gets it
		key = uuid.NewString()
		r := shopper{h.URL}.place(t, key, "", placement())
		require.NoError(t, turnedAway(r))
		return r.code == string(fault.Unavailable)
	})
	_, err = server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(ids.NewGuests(guestSecret).Order("cus_1", key)), "")
	require.ErrorContains(t, err, "not found")
}
