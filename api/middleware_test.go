package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/workflows"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, sane := range []string{"abc", "7f9c24e8-3b12-4fef-91e0-5d1c1e0a7c33", "A.b_c:1", strings.Repeat("x", 128)} {
		require.Equal(t, sane, b.do(t, http.MethodGet, "/healthz", "", "X-Request-Id: "+sane).Header.Get("X-Request-Id"))
	}
	for _, other := range []string{"", "a b", "a\tb", "<script>", strings.Repeat("x", 129), "é", "4111.1111.1111.1111", "card:4111111111111111"} {
		got := b.do(t, http.MethodGet, "/healthz", "", "X-Request-Id: "+other).Header.Get("X-Request-Id")
		require.Len(t, got, 36, other)
	}
	require.Len(t, b.do(t, http.MethodGet, "/healthz", "", "X-Request-Id: a", "X-Request-Id: b").Header.Get("X-Request-Id"), 36)
	b.do(t, http.MethodGet, "/v1/orders/42", "", "X-Request-Id: find-me").refused(t, http.StatusBadRequest, problem.OrderIDInvalid)
	require.Contains(t, b.logs.String(), "request_id=find-me")
}

func TestHidesWhatGoesWrongInside(t *testing.T) {
	t.Parallel()

	t.Run("APanic", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = func(context.Context, started) (workflows.PlaceResult, error) { panic("tok_visa is in here") }
		answer := b.post(t, goodBody)
		p := answer.refused(t, http.StatusInternalServerError, fault.Internal)
		require.Equal(t, "internal error", *p.Detail)
		require.NotContains(t, answer.text, "goroutine")
		require.NotContains(t, answer.text, ".go")
		require.Contains(t, b.logs.String(), "handler panicked")
		require.NotContains(t, b.logs.String(), "tok_visa")
	})
}

func TestAClientThatLeavesIsNoError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	b.temporal.place = func(ctx context.Context, _ started) (workflows.PlaceResult, error) {
		leave()
		<-ctx.Done()
		return workflows.PlaceResult{}, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.http.URL+"/v1/orders", strings.NewReader(goodBody))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", keyOne)
	answer, err := b.http.Client().Do(r)
	if err == nil {
		require.NoError(t, answer.Body.Close())
	}
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool {
		return strings.Contains(b.logs.String(), `level=INFO msg="client left before the answer"`)
	}, 10*time.Second, 5*time.Millisecond)
	require.Contains(t, b.logs.String(), "code=PLACEMENT_UNKNOWN")
	require.NotContains(t, b.logs.String(), "level=ERROR")

	b.temporal.place = func(context.Context, started) (workflows.PlaceResult, error) {
		return workflows.PlaceResult{}, errors.New("the engine is gone")
	}
	b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
	require.Contains(t, b.logs.String(), `level=ERROR msg="request failed"`, "who stays is owed an answer")
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.temporal.query = knows(workflows.StatusConfirmed)
	claim := identity.NewGuests(guestSecret).Claim(someOrder)
	b.do(t, http.MethodGet, "/v1/orders/"+someOrder+"?email=a@example.com", "", "Authorization: Basic secret", "Amends-Claim: "+claim)

	o := <-b.observed
	require.Equal(t, "GetOrder", o.Operation)
	require.Equal(t, "/v1/orders/:id", o.Route)
	require.Equal(t, http.StatusOK, o.Status)
	require.Equal(t, http.MethodGet, o.Method)
	require.Positive(t, o.Took)
	for _, want := range []string{"operation=GetOrder", "route=/v1/orders/:id", "status=200", "order_id=" + someOrder, "client_net=127.0.0.0/24", "method=GET"} {
		require.Contains(t, b.logs.String(), want)
	}
	for _, secret := range []string{"example.com", "secret", "127.0.0.1", "cus_42", claim} {
		require.NotContains(t, b.logs.String(), secret)
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	t.Parallel()
	_, err := New(Config{}, &fakeTemporal{t: t})
	require.ErrorContains(t, err, "order queue")
}
