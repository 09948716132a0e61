package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/probe"
	"github.com/amends/amends/workflows"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.temporal.health = nil
	answer := b.do(t, http.MethodGet, "/healthz", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.JSONEq(t, `{"status": "ok"}`, answer.text)
	head := b.do(t, http.MethodHead, "/healthz", "")
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.Empty(t, head.text)
}

// registered is an engine with the search attributes of orders.
func registered() (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: map[string]enumspb.IndexedValueType{
		workflows.AttributeOrderStatus.GetName():    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeCustomer.GetName():       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeNeedsAttention.GetName(): enumspb.INDEXED_VALUE_TYPE_BOOL,
	}}, nil
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	ready := func(t *testing.T, b *testBundle) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/readyz", "")
	}

	t.Run("NeedsTheConditions", func(t *testing.T) {
		t.Parallel()
		var missing error = fault.Errorf(fault.Transient, fault.Unavailable, "Not yet.")
		b := shopOf(t, WithReadiness(func() error { return nil }), WithReadiness(func() error { return missing }))
		b.temporal.list = registered
		ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Zero(t, b.temporal.count("list search attributes"))
		missing = nil
		require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
	})

	t.Run("KeepsAGoodAnswerForAMoment", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.list = registered
		require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
		require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
		require.Equal(t, 1, b.temporal.count("list search attributes"))
	})

	t.Run("AsksAgainAfterABadOne", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.list = func() (*operatorservice.ListSearchAttributesResponse, error) {
			return nil, serviceerror.NewUnavailable("10.0.0.7 is down")
		}
		answer := ready(t, b)
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.NotContains(t, answer.text, "10.0.0.7")
		requireRetryAfter(t, answer.Header)
		b.temporal.list = registered
		require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
	})

	t.Run("NeedsEverySearchAttributeInItsType", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.list = func() (*operatorservice.ListSearchAttributesResponse, error) {
			r, err := registered()
			r.CustomAttributes[workflows.AttributeCustomer.GetName()] = enumspb.INDEXED_VALUE_TYPE_TEXT
			return r, err
		}
		ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, b.logs.String(), "no search attribute AmendsCustomer")
	})

	t.Run("NeedsAWorkerThatPollsTheQueueOfOrders", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.list, b.temporal.unpolled = registered, true
		problem := ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, *problem.Detail, `No worker polls the task queue "order"`)
	})

	t.Run("CountsWhereTheEngineKeepsItsOperatorServiceToItself", func(t *testing.T) {
		t.Parallel()
		for _, kept := range []error{serviceerror.NewPermissionDenied("no", ""), serviceerror.NewUnimplemented("no")} {
			b := setup(t)
			b.temporal.list = func() (*operatorservice.ListSearchAttributesResponse, error) { return nil, kept }
			b.temporal.find = func(query string) error { return serviceerror.NewInvalidArgument("no such attribute") }
			ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			b.temporal.find = func(query string) error {
				for _, a := range attribute.All {
					require.Contains(t, query, a.Name+" IS NULL")
				}
				return nil
			}
			require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
		}
	})

	t.Run("NeedsAnEngineThatTakesPlacements", func(t *testing.T) {
		t.Parallel()
		denied := serviceerror.NewPermissionDenied("switched off", "")
		for said, refusals := range map[string][]error{
			"The engine refuses Update-With-Start": {
				denied, serviceerror.NewUnimplemented("unknown method"), status.Error(codes.Unauthenticated, "expired"),
				serviceerror.NewMultiOperationExecution("", []error{serviceerror.NewInvalidArgument("no id"), denied}),
			},
			"The engine does not answer": {serviceerror.NewUnavailable("down"), serviceerror.NewMultiOperationExecution("", []error{errors.New("?"), nil})},
		} {
			for _, refusal := range refusals {
				b := setup(t)
				b.temporal.list, b.temporal.able = registered, refusal
				require.Contains(t, *ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable).Detail, said)
			}
		}
	})

	t.Run("EndsWhenTheServerIsToStop", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.list = registered
		require.Equal(t, http.StatusOK, ready(t, b).StatusCode)
		b.server.Drain()
		ready(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})
}

func TestDocs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.do(t, http.MethodGet, "/docs", "")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, page.text, "https://", "the page loads nothing from elsewhere")

	root := b.do(t, http.MethodGet, "/", "")
	require.Equal(t, "/docs", root.Request.URL.Path, "who opens the address is led to the page")
	require.Equal(t, page.text, root.text)

	for path, kind := range map[string]string{
		"/docs/app.js": "text/javascript", "/docs/form.js": "text/javascript", "/docs/fields.js": "text/javascript",
		"/docs/curl.js": "text/javascript", "/docs/dom.js": "text/javascript", "/docs/style.css": "text/css",
		"/docs/openapi.json": "application/json", "/docs/problems.json": "application/json", "/docs/tokens.json": "application/json",
	} {
		answer := b.do(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.True(t, strings.HasPrefix(answer.Header.Get("Content-Type"), kind), path)
		require.NotEmpty(t, answer.text)
	}
	problems := b.do(t, http.MethodGet, "/docs/problems.json", "").text
	require.Contains(t, problems, "PLACEMENT_UNKNOWN")
	for _, code := range []string{"UNKNOWN_STEP", "NO_OPERATORS", "NOTHING_TO_ACKNOWLEDGE", "operator_tokens"} {
		require.NotContains(t, problems, code, "no client of the public face meets it")
	}
	require.Contains(t, b.do(t, http.MethodGet, "/docs/tokens.json", "").text, `{"name":"tok_declined","effect":"declines to authorize: CARD_DECLINED","outcome":"CANCELLED, PAYMENT_DECLINED"}`)
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	admin := func(t *testing.T, a Admin, method, path string) *httptest.ResponseRecorder {
		t.Helper()
		w := httptest.NewRecorder()
		a.Logger = slog.New(slog.DiscardHandler)
		NewAdmin(a).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		return w
	}
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("amends_up 1\n")) })

	require.Equal(t, "amends_up 1\n", admin(t, Admin{Probe: probe.Probe{Metrics: metrics}}, "GET", "/metrics").Body.String())
	require.Equal(t, http.StatusNotFound, admin(t, Admin{}, "GET", "/metrics").Code)
	require.Equal(t, http.StatusNotFound, admin(t, Admin{}, "GET", "/debug/pprof/goroutine").Code)
	require.Contains(t, admin(t, Admin{Probe: probe.Probe{Profiles: true}}, "GET", "/debug/pprof/goroutine?debug=1").Body.String(), "goroutine profile:")
	require.Equal(t, http.StatusOK, admin(t, Admin{}, "GET", "/healthz").Code)
	require.Equal(t, http.StatusOK, admin(t, Admin{}, "GET", "/readyz").Code)

	unready := func(context.Context) error { return errors.New("database 10.0.0.8 is not migrated") }
	answer := admin(t, Admin{Probe: probe.Probe{Ready: unready}}, "GET", "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
	require.NotContains(t, answer.Body.String(), "10.0.0.8")
	why := func(context.Context) error {
		return fault.Errorf(fault.Transient, fault.Unavailable, "the database has not been migrated")
	}
	answer = admin(t, Admin{Probe: probe.Probe{Ready: why}}, "GET", "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Contains(t, answer.Body.String(), `"detail":"the database has not been migrated"`)

	answer = admin(t, Admin{}, "POST", "/healthz")
	require.Equal(t, http.StatusMethodNotAllowed, answer.Code)
	require.Equal(t, "OPTIONS, GET, HEAD", answer.Header().Get("Allow"))
}
