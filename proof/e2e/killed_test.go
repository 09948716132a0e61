package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// copies of each of the mix that are under way at the kill.
const copies = 3

// Each worker is killed in the middle of its steps, and comes back. One platform
// serves all of them in turn: after each kill every order is decided.
func TestAWorkerIsKilled(t *testing.T) {
	t.Parallel()
	s := newRunningSplit(t, onFiles(t))

	for service, busy := range map[string]func(t *testing.T, s *split) bool{
		"order": func(t *testing.T, s *split) bool { // its sagas hold stock, and wait for money
			t.Helper()
			return held(t, s.Shop) >= 2*copies && paying(t, s.Shop, payment.Intent) >= copies
		},
		"inventory": func(t *testing.T, s *split) bool {
			t.Helper()
			return held(t, s.Shop) >= copies
		},
		"payment": func(t *testing.T, s *split) bool { // the provider has been asked, and takes its time
			t.Helper()
			return paying(t, s.Shop, payment.Intent) >= copies
		},
		"shipping": func(t *testing.T, s *split) bool { // the carrier has been asked
			t.Helper()
			return booking(t, s) >= copies
		},
	} {
		t.Log(service)
		customers := s.visit(t, copies)
		customers.under(t, service+" is in the middle of its work", copies, func() bool { return busy(t, s) })
		s.parts[service].kill(t)
		status, _ := readiness(t, s.admin[service])
		require.Zero(t, status, "%s is gone", service)
		s.start(t, service)
		customers.served(t, s.Shop)
		s.ready(t)
	}
}

// booking counts the parcels that the carrier has been asked for.
func booking(t *testing.T, s *split) (n int) {
	t.Helper()
	shipments, err := s.Shipments.Shipments(t.Context())
	require.NoError(t, err)
	for _, sh := range shipments {
		if sh.State == shipping.Intent {
			n++
		}
	}
	return n
}

// The engine is killed in the middle of everything, and comes back with all that
// it had written. So is the API, which keeps no state.
func TestTheEngineIsKilled(t *testing.T) {
	t.Parallel()
	s := newRunningSplit(t, onFiles(t))
	before := s.insist(t, "", "wait=30", placement()).order.ID
	customers := s.visit(t, copies)
	customers.under(t, "orders are under way", copies, func() bool {
		return held(t, s.Shop) >= 2*copies && paying(t, s.Shop, payment.Intent) >= copies
	})
	s.killEngine(t)

	unready(t, s.url, "engine")
	key := uuid.NewString()
	eventually(t, "nothing is started any more", func() bool {
		r := s.place(t, key, "", placement())
		require.NoError(t, turnedAway(r))
		return r.code == "UNAVAILABLE"
	})
	r := s.readSoon(t, before, http.StatusServiceUnavailable)
	require.NotEmpty(t, r.header.Get("Retry-After"))
	s.parts["api"].kill(t)

	s.startEngine(t)
	s.start(t, "api")
	s.ready(t)
	// An engine that has just come back may be too slow for a first reader.
	require.Equal(t, confirmed, s.get(t, before).order.Status)
	require.Equal(t, confirmed, s.insist(t, key, "wait=30", placement()).order.Status)
	customers.served(t, s.Shop)
}
