package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/internal/text"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/transcript"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows"
)

// personal is the data of one customer, in strings that occur nowhere else.
type personal struct {
	address  []string // the name and the lines
	token    string
	customer string // an opaque id, which histories and the order's record have
	key      string // the idempotency key
}

// canaries returns the data of a new customer, and the body of a placement that has it.
// The token begins with the customer's and ends with the simulator's.
func canaries(change map[string]any) (personal, map[string]any) {
	mark := inLetters(uuid.New())
	p := personal{
		address:  []string{"Ada Canary " + mark, "Birdcage Walk " + mark, "Second Floor " + mark, "Canary Wharf " + mark},
		customer: "cus_" + mark, key: "key-" + mark,
	}
	body := placement()
	maps.Copy(body, change)
	token, _ := body["payment_token"].(string)
	address, _ := body["ship_to"].(map[string]any)
	to := maps.Clone(address)
	p.token = canaryToken + mark + "." + token
	to["name"], to["line1"], to["line2"], to["city"] = p.address[0], p.address[1], p.address[2], p.address[3]
	body["customer_id"], body["payment_token"], body["ship_to"] = p.customer, p.token, to
	return p, body
}

const canaryToken = "canary_"

// inLetters returns the random bits of id without digits: of the texts with 32
// hexadecimal digits one in 3,000 has a card number, which the API refuses.
func inLetters(id uuid.UUID) string {
	return strings.Map(func(r rune) rune {
		if r <= '9' {
			return r - '0' + 'g'
		}
		return r
	}, hex.EncodeToString(id[:]))
}

// The data of a customer of tests must never be refused by chance.
func TestCanariesHaveNoCardNumber(t *testing.T) {
	t.Parallel()
	unlucky := uuid.MustParse("30928647-9535-42c5-86ee-951d39efd485")
	require.True(t, text.HasCard(hex.EncodeToString(unlucky[:])))
	require.False(t, text.HasCard(inLetters(unlucky)))
}

// buyer is the customer of every golden history.
var buyer = personal{address: []string{"A. Buyer", "Hauptstr. 1"}, token: "tok_", key: "golden-"}

// knowing is the payment provider: it knows the card behind a token of the customer's.
type knowing struct{ provider.Provider }

func (k knowing) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	if _, card, ok := strings.Cut(a.Token, "."); ok {
		a.Token = card
	}
	return k.Provider.Authorize(ctx, a)
}

// secrets are the strings that have no place but the inputs of three calls.
func (p personal) secrets() []string { return append(append([]string{}, p.address...), p.token, p.key) }

// requirePrivate requires that the events of a history have an address and a token only
// where a workflow, a booking or an authorization needs them as its input.
func (p personal) requirePrivate(t *testing.T, events []*historypb.HistoryEvent) {
	t.Helper()
	allowed := func(e *historypb.HistoryEvent) []string {
		switch e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() {
		case "shipping.book":
			return p.address
		case "payment.authorize":
			return []string{p.token}
		}
		if a := e.GetWorkflowExecutionStartedEventAttributes(); a.GetWorkflowType().GetName() == workflows.PlaceOrder {
			return append([]string{p.token}, p.address...)
		}
		return nil
	}
	for _, e := range events {
		data, err := proto.Marshal(e)
		require.NoError(t, err)
		for _, secret := range p.secrets() {
			if bytes.Contains(data, []byte(secret)) {
				require.Contains(t, allowed(e), secret, "event %d, %s", e.GetEventId(), e.GetEventType())
			}
		}
	}
}

// requireAbsent requires that data has none of the strings.
func requireAbsent(t *testing.T, where, data string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if at := strings.Index(data, s); at >= 0 {
			require.Fail(t, where+" has "+s, data[max(0, at-200):min(len(data), at+200)])
		}
	}
}

// observed is an engine's client whose log, at its lowest level, and whose metrics are
// kept.
type observed struct {
	*engine.Client
	out     *transcript.Text
	log     *slog.Logger
	metrics *telemetry.Metrics
}

func observe(t *testing.T) *observed {
	t.Helper()
	o := &observed{out: &transcript.Text{}}
	o.log = slog.New(slog.NewTextHandler(o.out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	o.metrics, err = telemetry.NewMetrics(o.log)
	require.NoError(t, err)
	o.Client, err = engine.Dial(engine.Options{Address: devServer.Address, Isolated: true, Logger: o.log, Metrics: o.metrics.Temporal()})
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

// Names, addresses, tokens and keys are only where they must be, however an order ends:
// in no history but as three inputs, in no index of the engine, no answer, no log, no
// metric, and no database but the order service's, which has the address.
func TestPersonalDataStaysInItsPlaces(t *testing.T) {
	t.Parallel()

	o := observe(t)
	all := scenarios()
	for _, name := range []string{
		"confirmed", "confirmed-create-not-local", "confirmed-express", "confirmed-express-book-durable", "confirmed-resumed", "confirmed-reset", "confirmed-book-flagged",
		"cancelled-declined-at-authorize", "cancelled-express-undeliverable", "cancelled-undeliverable", "cancelled-by-customer-undo-waived", "cancelled-deadline", "cancelled-internal",
	} {
		s, ok := all[name]
		require.True(t, ok, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who, body := canaries(s.change)
			files := map[string]string{}
			dsn := func(tb testing.TB) string {
				tb.Helper()
				dsn := dbtest.SQLite(tb)
				files[[]string{"order", "catalog", "inventory", "payment", "provider", "shipping", "carrier"}[len(files)]] = strings.TrimPrefix(dsn, "sqlite:")
				return dsn
			}
			p := newPlatformAs(t, dsn, s.patience(), o.Client, o.log)
			p.Faults.Provider = func(to provider.Provider) provider.Provider { return knowing{to} }
			for _, service := range services { // again, with the fault
				p.stop(service)
				p.start(t, service)
			}
			id := s.playOn(t, p, who.key, body)
			p.stop("order") // the scenario's own worker has no doctor
			p.start(t, "order")
			if s.flagged {
				acknowledges(t, p.adminOf(t), id)
			}
			p.overdue(t, id)
			p.diagnose(t)

			p.requireIndexPrivate(t, who)
			_, answer := fetch(t, p.url+"/v1/orders/"+id)
			requireAbsent(t, "the API's answer", answer, who.secrets()...)
			for service, file := range files {
				secrets := append(who.secrets(), who.customer)
				if service == "order" {
					secrets = []string{who.token, who.key}
				}
				for _, path := range []string{file, file + "-wal"} {
					data, err := os.ReadFile(path)
					if !os.IsNotExist(err) {
						require.NoError(t, err)
					}
					requireAbsent(t, path, string(data), secrets...)
				}
			}
			to, err := p.Orders.Address(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, []string{to.Name, to.Line1, to.Line2, to.City}, who.address, "the order service knows where to")
			o.requirePrivate(t, who)
		})
	}
}

// requireIndexPrivate checks every workflow of the platform: its entry in the engine's
// index, its description, its queries and all its runs' histories.
func (p *platform) requireIndexPrivate(t *testing.T, who personal) {
	t.Helper()
	list := func() []*workflowservice.DescribeWorkflowExecutionResponse {
		r, err := server.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "TaskQueue = '" + p.queues["order"] + "'"})
		require.NoError(t, err)
		var all []*workflowservice.DescribeWorkflowExecutionResponse
		for _, info := range r.GetExecutions() {
			requireAbsent(t, "the engine's index", info.String(), append(who.secrets(), who.customer)...)
			d, err := server.DescribeWorkflowExecution(t.Context(), info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId())
			require.NoError(t, err)
			all = append(all, d)
		}
		return all
	}
	var found []*workflowservice.DescribeWorkflowExecutionResponse
	eventually(t, "the index has the order's and the doctor's workflow", func() bool { found = list(); return len(found) >= 2 })
	for _, d := range found {
		requireAbsent(t, "a description", d.String(), append(who.secrets(), who.customer)...)
		run := d.GetWorkflowExecutionInfo().GetExecution()
		h := server.GetWorkflowHistory(t.Context(), run.GetWorkflowId(), run.GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		var events []*historypb.HistoryEvent
		for h.HasNext() {
			e, err := h.Next()
			require.NoError(t, err)
			events = append(events, e)
		}
		who.requirePrivate(t, events)
		id, ok := strings.CutPrefix(run.GetWorkflowId(), "order-")
		if !ok {
			continue
		}
		for query, args := range map[string][]any{workflows.QueryOrder: nil, saga.QuerySaga: {id}} {
			var answer json.RawMessage
			eventually(t, "query "+query+" is answered", func() bool {
				value, err := server.QueryWorkflow(t.Context(), run.GetWorkflowId(), run.GetRunId(), query, args...)
				return err == nil && value.Get(&answer) == nil
			})
			requireAbsent(t, "query "+query, string(answer), who.secrets()...)
		}
	}
}

// requirePrivate checks the log and the metrics so far.
func (o *observed) requirePrivate(t *testing.T, who personal) {
	t.Helper()
	require.Contains(t, o.out.String(), "level=DEBUG")
	requireAbsent(t, "the log", o.out.String(), append(who.secrets(), who.customer)...)
	page := httptest.NewRecorder()
	o.metrics.Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "temporal_")
	requireAbsent(t, "the metrics", string(text), append(who.secrets(), who.customer)...)
}
