package api

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/internal/probe"
)

// TestEveryOperationHasOneRow keeps the table true: an operation without a row would
// be served without its rules.
func TestEveryOperationHasOneRow(t *testing.T) {
	t.Parallel()
	public, err := contract.LoadPublic()
	require.NoError(t, err)
	admin, err := contract.LoadAdmin()
	require.NoError(t, err)
	b := setup(t)
	admins := NewAdmin(Admin{Probe: probe.Probe{Metrics: http.NotFoundHandler()}, Payloads: plain, Repairs: b.server, Letters: &fakeDesk{}, Messages: messages{}, Doctor: &fakeDoctor{}, Instances: instances})

	for name, tt := range map[string]struct {
		rows    routes
		spec    *openapi3.T
		handler http.Handler
	}{
		"Public": {publicRoutes, public, b.server},
		"Admin":  {adminRoutes, admin, admins},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rows []string
			for _, r := range tt.rows {
				rows = append(rows, r.method+" "+echoPath(r.path))
				operation := tt.spec.Paths.Value(r.path).GetOperation(r.method)
				require.NotNil(t, operation, r.operation)
				require.Equal(t, operation.OperationID, r.operation)
				require.Equal(t, operation.Security != nil, r.auth != none, "%s: security of the contract", r.operation)
				require.Equal(t, r.auth == optional || r.auth == writeOrders && r.class == placing, withoutProof(operation), "%s: the contract allows no proof", r.operation)
				declares := operation.Responses.Status(http.StatusNotAcceptable) != nil
				require.Equal(t, declares, len(r.offers()) > 0, "%s: 406 of the contract", r.operation)
				if declares {
					require.ElementsMatch(t, kindsOf(operation), r.offers(), "%s: media types of the contract", r.operation)
				}
				require.Equal(t, requiresKey(operation), r.traits.has(keyed), "%s: Idempotency-Key of the contract", r.operation)
				require.Equal(t, operation.Responses.Status(http.StatusTooManyRequests) != nil, r.class != unlimited, "%s: 429 of the contract", r.operation)
				require.Equal(t, operation.Deprecated, r.end != nil, "%s: deprecated in the contract", r.operation)
				require.NotEmpty(t, r.auth, r.operation)
				require.Equal(t, r.within == 0, r.traits.has(streams), "%s: only a stream has no time", r.operation)
				if name == "Public" {
					require.Equal(t, queries(operation), r.traits.has(queried), "%s: parameters of the contract", r.operation)
				}
				require.Equal(t, operation.Parameters.GetByInAndName(openapi3.ParameterInHeader, "Prefer") != nil, r.traits.has(waits), "%s: Prefer of the contract", r.operation)
				require.LessOrEqual(t, r.within, edge.MaxAnswer, "%s: the server's connection must outlive it", r.operation)
				require.False(t, r.traits.has(idempotent) && r.class == placing, "%s: only calls without effect are repeated here", r.operation)
			}
			require.ElementsMatch(t, operationsOf(tt.spec), rows)
			require.ElementsMatch(t, rows, routesOf(t, tt.handler))
		})
	}
}

// TestOperationsOfTheProcessAskNoEngine: the fake engine fails a test whose question
// it does not expect.
func TestOperationsOfTheProcessAskNoEngine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.temporal.health = nil
	for _, r := range publicRoutes {
		if r.backend == process {
			require.Equal(t, http.StatusOK, b.do(t, r.method, r.path, "").StatusCode, r.operation)
		}
	}
}

// withoutProof reports whether an operation that may be called with a proof of the caller
// may be called without one.
func withoutProof(operation *openapi3.Operation) bool {
	return operation.Security != nil && slices.ContainsFunc(*operation.Security, func(s openapi3.SecurityRequirement) bool { return len(s) == 0 })
}

// queries reports whether an operation has parameters in its query.
func queries(operation *openapi3.Operation) bool {
	return slices.ContainsFunc(operation.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == openapi3.ParameterInQuery })
}

// kindsOf returns the media types of an operation's answers that are no problems, JSON if
// none has a body.
func kindsOf(operation *openapi3.Operation) []string {
	kinds := map[string]bool{}
	for status, answer := range operation.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			for kind := range answer.Value.Content {
				kinds[kind] = true
			}
		}
	}
	if len(kinds) == 0 {
		kinds[echo.MIMEApplicationJSON] = true
	}
	return slices.Collect(maps.Keys(kinds))
}

func requiresKey(operation *openapi3.Operation) bool {
	key := operation.Parameters.GetByInAndName(openapi3.ParameterInHeader, header.IdempotencyKey)
	return key != nil && key.Required
}

// plain is a codec that opens nothing.
var plain = converter.NewZlibCodec(converter.ZlibCodecOptions{})

// TestOperationsOfOperatorsNeedOne calls every operation of the table for operators as
// others: the gate is in front of all of them.
func TestOperationsOfOperatorsNeedOne(t *testing.T) {
	t.Parallel()
	admins := NewAdmin(Admin{
		Payloads: plain, Repairs: setup(t).server, Letters: &fakeDesk{}, Messages: messages{}, Doctor: &fakeDoctor{}, Instances: instances, Logger: slog.New(slog.DiscardHandler),
		Operators: []operator.Operator{{Name: "night", Secret: nightSecret}},
	})
	called := 0
	for _, r := range adminRoutes {
		if r.auth != operators && r.auth != supporters {
			require.Equal(t, none, r.auth, r.operation)
			continue
		}
		called++
		for _, proof := range []string{"", "Bearer ", "Bearer " + daySecret, "Basic " + nightSecret} {
			w := httptest.NewRecorder()
			q := httptest.NewRequestWithContext(t.Context(), r.method, strings.NewReplacer("{id}", someOrder).Replace(r.path), http.NoBody)
			q.Header.Set("Authorization", proof)
			admins.ServeHTTP(w, q)
			require.Equal(t, http.StatusUnauthorized, w.Code, "%s with %q: %s", r.operation, proof, w.Body)
		}
	}
	require.Positive(t, called)
}
