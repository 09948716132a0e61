package e2e_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/workflows"
)

// Every part may start first: it waits for the others, and says so.
func TestPartsWaitForTheEngine(t *testing.T) {
	t.Parallel()
	s := newSplit(t, onFiles(t))
	for _, part := range parts {
		s.start(t, part)
	}
	for _, service := range services {
		unready(t, s.admin[service], "Temporal at "+s.engine+" is not reachable")
	}
	unready(t, s.admin["api"], "engine")
	for _, part := range parts {
		status, _ := fetch(t, s.admin[part]+"/healthz")
		require.Equal(t, http.StatusOK, status, "%s lives", part)
	}
	r := s.place(t, "", "", placement())
	require.NoError(t, turnedAway(r))
	require.Equal(t, "UNAVAILABLE", r.code, "nothing was started")

	s.startEngine(t)
	require.Contains(t, run(t, s.environ(), "migrate", "temporal"), "namespace default")
	s.ready(t)
	r = s.insist(t, "", "wait=30", placement())
	require.Equal(t, confirmed, r.order.Status)
	require.NoError(t, s.Check(t.Context()))
	for _, part := range parts {
		eventually(t, part+" measures its clock", func() bool {
			_, metrics := fetch(t, s.admin[part]+"/metrics")
			return strings.Contains(metrics, "\namends_clock_skew_seconds ")
		})
	}

	// A missing namespace is a mistake, which no part waits for.
	elsewhere := []string{"AMENDS_TEMPORAL_NAMESPACE=shop", "AMENDS_HTTP_ADDR=127.0.0.1:0", "AMENDS_ADMIN_ADDR=127.0.0.1:0"}
	const missing = `has no namespace "shop"`
	require.Contains(t, complains(t, s.environ(elsewhere...), "api"), missing)
	require.Contains(t, complains(t, s.environ(append(elsewhere, "AMENDS_SERVICES_ORDER_DSN="+s.dsns.Order)...), "worker", "order"), missing)

	for _, part := range parts {
		s.drain(t, part)
	}
}

// Without workers nothing is decided, but every request is answered.
func TestWithoutWorkersEveryRequestIsAnswered(t *testing.T) {
	t.Parallel()
	s := newRunningSplit(t, onFiles(t))
	before := s.insist(t, "", "wait=30", placement()).order.ID
	for _, service := range services {
		s.drain(t, service)
	}

	key := uuid.NewString()
	var r reply
	eventually(t, "the engine has it, and no worker", func() bool { // a starved engine may have nothing at first
		r = s.place(t, key, "", placement())
		require.NoError(t, turnedAway(r))
		return r.code == "PLACEMENT_UNKNOWN"
	})
	id := strings.TrimPrefix(r.header.Get("Location"), "/v1/orders/")

	r = s.readSoon(t, id, http.StatusOK)
	require.Equal(t, "engine", r.source)
	require.Equal(t, workflows.StatusPending, r.order.Status)
	r = s.readSoon(t, before, http.StatusOK)
	require.Equal(t, "engine", r.source)
	require.Equal(t, confirmed, r.order.Status)

	for _, service := range services {
		s.start(t, service)
	}
	r = s.insist(t, key, "wait=30", placement())
	require.Equal(t, id, r.order.ID)
	require.Equal(t, confirmed, r.order.Status)
	require.NoError(t, s.Check(t.Context()))
}

// readSoon reads an order, which is answered so within 2 s even with parts down. It is the
// first such answer of twenty, because this machine may be under load: then an answer is late,
// or is to come back later.
func (s *split) readSoon(t *testing.T, id string, status int) (r reply) {
	t.Helper()
	for range 20 {
		r = s.read(t, id)
		require.Contains(t, []int{status, http.StatusServiceUnavailable}, r.status, r.code)
		if r.status == status && r.took < 2*time.Second {
			break
		}
	}
	require.Equal(t, status, r.status, r.code)
	require.Less(t, r.took, 2*time.Second)
	return r
}

// A worker that is told to end finishes its attempts, and none is repeated.
func TestAWorkerDrains(t *testing.T) {
	t.Parallel()
	s := newRunningSplit(t, onFiles(t))
	body := placement()
	body["payment_token"] = "tok_slow"
	id := s.begins(t, s.Shop, body)
	s.drain(t, "payment")
	require.Equal(t, 1, paying(t, s.Shop, payment.Authorized), "what ran was finished")
	s.start(t, "payment")
	eventually(t, "the order is decided", func() bool { return s.get(t, id).order.Status == confirmed })
	for _, step := range s.get(t, id).order.Steps {
		require.LessOrEqual(t, step.Attempts, 1, "%s is not made again", step.Name)
	}

	// All of them, one after the other, while orders are under way.
	customers := s.visit(t, 0)
	for _, part := range parts { // the API, too, which has customers waiting
		customers.join(t, 1)
		customers.under(t, "orders are under way", 1, func() bool { return held(t, s.Shop) > 0 })
		s.drain(t, part)
		s.start(t, part)
	}
	customers.served(t, s.Shop)
	for _, part := range parts {
		s.parts[part].signal(t, syscall.SIGTERM)
	}
	for _, part := range parts {
		require.Zero(t, s.parts[part].wait(t), part)
	}
}
