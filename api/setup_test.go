package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/settings"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/workflows"
)

// testBundle is a server on a real listener, with the limits of production.
type testBundle struct {
	server   *Server
	http     *httptest.Server
	temporal *fakeTemporal
	logs     *logs
	observed chan edge.Observation // the first answers
	placed   counts                // new orders by style
}

// setupRecorded is setup with the order service's records.
func setupRecorded(t *testing.T, records *records, change ...func(*Config)) *testBundle {
	t.Helper()
	return setup(t, append(change, func(c *Config) { c.Orders.Records = records })...)
}

// setup starts a server whose engine is alive and expects nothing else.
func setup(t *testing.T, change ...func(*Config)) *testBundle {
	t.Helper()
	b := &testBundle{
		temporal: &fakeTemporal{t: t, health: alive},
		logs:     &logs{},
		observed: make(chan edge.Observation, 1),
	}
	config := DefaultConfig()
	config.Orders.Queue, config.GuestSecret = "order", guestSecret
	for _, f := range change {
		f(&config)
	}
	var err error
	b.server, err = New(config, b.temporal,
		WithLogger(slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		WithObserver(Observer{
			Request: func(o edge.Observation) {
				select {
				case b.observed <- o:
				default:
				}
			},
			Limited: func(string, string, bool) {}, Placed: func(style string, _ time.Duration) { b.placed.add(style) }, Deprecated: func(string, string) {}, Routes: settings.Unobserved().Routes,
		}))
	require.NoError(t, err)
	b.http = httptest.NewUnstartedServer(nil)
	b.http.Config = HTTPServer("", b.server)
	b.http.Start()
	t.Cleanup(b.http.Close)
	return b
}

// quick makes every timeout short.
func quick(c *Config) {
	c.Orders.QueryTimeout, c.Orders.PlacementTimeout, c.Orders.CancelTimeout = 50*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
}

// logs is where a server logs to in a test.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const goodBody = `{"customer_id": "cus_42", "currency": "EUR",
	"lines": [{"sku": "MUG-STONEWARE", "quantity": 2}, {"sku": "KETTLE-STEEL", "quantity": 1}],
	"ship_to": {"name": "A. Buyer", "line1": "Hauptstr. 1", "line2": "", "city": "Berlin", "postal_code": "10115", "country": "DE"},
	"payment_token": "tok_visa"}`

// guestSecret is that of the servers under test.
const guestSecret = "a secret of 24 characters"

// someOrder is a guest's order.
const someOrder = "0190a6b2-7d1e-4c3f-9b5a-2f6d8e4c1a70"

// keyOne is a key that a guest may use.
const keyOne = "key-1-of-22-characters"

// orderPath matches the paths of one order.
var orderPath = regexp.MustCompile(`^/v1/orders/([0-9A-Fa-f-]{36})(/.*)?$`)

// response is an answer that was read.
type response struct {
	*http.Response

	text string
}

func (r response) problem(t *testing.T) contract.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"), r.text)
	var p contract.Problem
	require.NoError(t, json.Unmarshal([]byte(r.text), &p), r.text)
	require.Equal(t, r.StatusCode, p.Status)
	require.Equal(t, r.Header.Get("X-Request-Id"), p.RequestId)
	return p
}

// refused requires a problem with a code.
func (r response) refused(t *testing.T, status int, code fault.Code) contract.Problem {
	t.Helper()
	require.Equal(t, status, r.StatusCode, r.text)
	p := r.problem(t)
	require.Equal(t, string(code), p.Code)
	return p
}

// requireRetryAfter requires that a client is told to come back, and in how many
// seconds.
func requireRetryAfter(t *testing.T, h http.Header) {
	t.Helper()
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, seconds, problem.MinRetryAfter)
	require.LessOrEqual(t, seconds, problem.MaxRetryAfter)
}

// order requires an order.
func (r response) order(t *testing.T, status int) contract.Order {
	t.Helper()
	require.Equal(t, status, r.StatusCode, r.text)
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	var o contract.Order
	require.NoError(t, json.Unmarshal([]byte(r.text), &o), r.text)
	return o
}

// do sends a request with header lines such as "Accept: */*" and requires that
// the answer is one that the contract has. Requests about an order have its guest's claim,
// unless they name a caller.
func (b *testBundle) do(t *testing.T, method, path, body string, header ...string) response {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.http.URL+path, reader)
	require.NoError(t, err)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	if order := orderPath.FindStringSubmatch(path); order != nil && r.Header["Amends-Claim"] == nil && r.Header["Authorization"] == nil {
		r.Header.Set("Amends-Claim", identity.NewGuests(guestSecret).Claim(strings.ToLower(order[1])))
	}
	return b.send(t, r)
}

func (b *testBundle) send(t *testing.T, r *http.Request) response {
	t.Helper()
	answer, err := b.http.Client().Do(r) //nolint:bodyclose // finish closes it
	require.NoError(t, err)
	return finish(t, answer)
}

func finish(t *testing.T, answer *http.Response) response {
	t.Helper()
	defer func() { require.NoError(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	out := response{answer, string(text)}
	requireContract(t, out)
	return out
}

// post places an order with a key, as JSON.
func (b *testBundle) post(t *testing.T, body string, header ...string) response {
	t.Helper()
	return b.do(t, http.MethodPost, "/v1/orders", body, append([]string{"Content-Type: application/json", "Idempotency-Key: " + keyOne}, header...)...)
}

// raw sends bytes as they are.
func (b *testBundle) raw(t *testing.T, text string) response {
	t.Helper()
	connection, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", b.http.Listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetDeadline(time.Now().Add(20*time.Second)))
	go func() { _, _ = io.WriteString(connection, text) }()            // the server may answer before it has read all
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil) //nolint:bodyclose // finish closes it
	require.NoError(t, err)
	return finish(t, answer)
}

// view is an order as its workflow knows it.
func view(id string, status workflows.Status) workflows.OrderView {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return workflows.OrderView{
		ID: id, CustomerID: "cus_42", Status: status, Currency: "EUR", CreatedAt: at, UpdatedAt: at,
		Lines: []workflows.LineView{{SKU: "MUG-STONEWARE", Quantity: 2}},
	}
}
