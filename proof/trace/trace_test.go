package trace_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// customer is the span of the client that places the orders.
const customer = "b7ad6b7169203331"

// told has the steps of an order, and a fact that each tells.
var told = map[string]string{
	"order.create": "order.placed", "catalog.quote": "catalog.quoted", "inventory.reserve": "inventory.reserved",
	"payment.authorize": "payment.authorized", "shipping.book": "shipping.booked", "payment.capture": "payment.captured",
	"inventory.commit": "inventory.committed", "order.confirm": "order.confirmed",
}

func TestOneTraceLeadsFromTheRequestToTheListener(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.listen(t)
	for _, at := range []place{
		{name: "Durable"}, {name: "Express", express: true}, {name: "ExpressToOtherProcesses", express: true, apart: true},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			url := p.start(t, at)
			unsampled := post(t, url, "00")
			id, spans := at.traced(t, url)
			for _, path := range spans.paths() {
				require.Truef(t, strings.HasPrefix(path, customer+" > POST /v1/orders"), "%s is not below the client", path)
			}
			for _, secret := range []string{"Canary", "canary", "tok_visa"} {
				require.NotContains(t, spans.text(), secret)
			}
			at.requireAttempts(t, spans.named("RunActivity:payment.authorize"))

			var heard tree
			require.Eventually(t, func() bool {
				heard = exported.all().linked(id)
				return len(heard) == 1
			}, patience, 20*time.Millisecond)
			beside := exported.all().of(heard[0].SpanContext().TraceID())
			require.Equal(t, []string{"listen test", "listen test > sql.conn.exec"}, beside.paths(), "a listener has a trace of its own")

			require.Eventually(t, func() bool { // a line is written behind the answer
				text := p.lines.String()
				return strings.Contains(text, `"route":"/v1/orders","status":200`) && strings.Contains(text, `"trace_id":"`+id.String()+`","span_id":"`)
			}, patience, 20*time.Millisecond)
			require.Empty(t, exported.all().of(unsampled), "its client does not trace it")
		})
	}
}

// traced places an order, and returns its trace once that has all spans. On a machine that was
// too slow for an attempt, which was made again, it is another order's: only the first one of
// a place apart loses an answer.
func (at place) traced(t *testing.T, url string) (id trace.TraceID, spans tree) {
	t.Helper()
	for range 5 {
		id = post(t, url, "01")
		want := at.paths()
		var missing []string
		require.Eventually(t, func() bool {
			spans = exported.all().of(id)
			got := spans.paths()
			missing = slices.DeleteFunc(slices.Clone(want), func(path string) bool { return slices.Contains(got, path) })
			return len(missing) == 0
		}, patience, 20*time.Millisecond, "%v", &missing)
		if at.apart || len(spans.named("RunActivity:payment.authorize")) == 1 {
			break
		}
	}
	return id, spans
}

// paths returns the spans that the trace of an order must have, see [tree.paths].
func (at place) paths() []string {
	workflow := customer + " > POST /v1/orders > UpdateWithStartWorkflow:place > RunWorkflow:PlaceOrder"
	all := []string{workflow}
	for step, fact := range told {
		service := workflow + " > StartActivity:" + step + " > RunActivity:" + step
		if at.apart && step == "catalog.quote" {
			all = append(all, service) // it may end the workflow task, as a durable step
			continue
		}
		if at.apart && !strings.HasPrefix(step, "order.") {
			service += strings.Repeat(" > amends.saga.v1.Participant/Do", 2) // the client's and the server's
		}
		all = append(all, service+" > sql.conn.exec", service+" > publish amends."+fact+".v1")
	}
	return all
}

// requireAttempts requires the spans of a step whose first answer is lost over a
// connection: the second attempt finds what the first one did.
func (at place) requireAttempts(t *testing.T, spans tree) {
	t.Helper()
	require.Subset(t, spans[0].Attributes(), []attribute.KeyValue{
		attribute.String("amends.step", "payment.authorize"), attribute.String("amends.verb", "do"),
		attribute.Int("amends.attempt", 1), attribute.Bool("amends.local", at.express),
	})
	if !at.apart {
		require.Len(t, spans, 1)
		require.Equal(t, codes.Unset, spans[0].Status().Code)
		return
	}
	require.Len(t, spans, 2)
	require.Equal(t, codes.Error, spans[0].Status().Code)
	require.Equal(t, codes.Unset, spans[1].Status().Code)
	require.Subset(t, spans[1].Attributes(), []attribute.KeyValue{
		attribute.Bool("amends.local", false), attribute.String("amends.found", "done"),
	})
}

// post places an order within a trace, waits until it is decided and returns the trace.
func post(t *testing.T, url, flags string) trace.TraceID {
	t.Helper()
	id := trace.TraceID(uuid.New())
	body, err := json.Marshal(map[string]any{
		"customer_id": "cus_canary", "currency": "EUR", "payment_token": "tok_visa",
		"lines":   []map[string]any{{"sku": "MUG", "quantity": 1}},
		"ship_to": map[string]any{"name": "Ada Canary", "line1": "1 Canary Walk", "city": "Canary Wharf", "postal_code": "10115", "country": "DE"},
	})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/orders", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "key-canary-"+uuid.NewString())
	r.Header.Set("Prefer", "wait=30")
	r.Header.Set("traceparent", "00-"+id.String()+"-"+customer+"-"+flags)
	answer, err := (&http.Client{Timeout: patience}).Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, http.StatusMultipleChoices)
	return id
}

// TestAStatementThatFailsHidesItsValues: the texts of PostgreSQL's errors quote them.
func TestAStatementThatFailsHidesItsValues(t *testing.T) {
	t.Parallel()
	traced := observe(t, slog.New(slog.DiscardHandler)).Traced()
	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{Traced: traced})
	provider := sdktrace.NewTracerProvider()
	ctx, span := provider.Tracer("").Start(t.Context(), "a call")
	defer span.End()
	require.ErrorContains(t, db.WithContext(ctx).Exec("SELECT CAST(CAST(? AS text) AS integer)", "canary").Error, "canary")
	var failed tree
	require.Eventually(t, func() bool {
		failed = exported.all().of(span.SpanContext().TraceID()).named("sql.conn.exec")
		return len(failed) == 1
	}, patience, 20*time.Millisecond)
	require.Equal(t, codes.Error, failed[0].Status().Code)
	require.Subset(t, failed[0].Attributes(), []attribute.KeyValue{
		attribute.String("error.type", "22P02"), attribute.String("db.query.text", "SELECT CAST(CAST($1 AS text) AS integer)"),
	})
	require.NotContains(t, failed.text(), "canary")
}
