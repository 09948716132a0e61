package e2e_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// collector receives the spans that processes export by OTLP.
type collector struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	names map[string]map[string]int // by trace id in hex
}

func newCollector(t *testing.T) (c *collector, url string) {
	t.Helper()
	c = &collector{names: map[string]map[string]int{}}
	h := httptest.NewServer(c)
	t.Cleanup(h.Close)
	return c, h.URL
}

// ServeHTTP implements the OTLP receiver.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch collectorpb.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &batch) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, of := range batch.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				id := hex.EncodeToString(span.GetTraceId())
				if c.names[id] == nil {
					c.names[id] = map[string]int{}
				}
				c.names[id][span.GetName()]++
			}
		}
	}
}

// spans returns the names of a trace's spans.
func (c *collector) spans(trace string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.names[trace]))
}

func (c *collector) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

func TestOneTraceLeadsFromTheRequestToTheStatements(t *testing.T) {
	t.Parallel()
	c, url := newCollector(t)
	dir := t.TempDir()
	p := launch(t, append(home(dir), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_BSP_SCHEDULE_DELAY=100"), devArgs(dir)...)
	m := banner.FindStringSubmatch(p.says(t, "Ctrl-C stops everything"))
	require.NotNil(t, m)

	customer, body := canaries(lines("MUG-STONEWARE", 1))
	customer.token = "tok_visa" // the simulator declines a canary's
	body["payment_token"] = customer.token
	content, err := json.Marshal(body)
	require.NoError(t, err)
	trace := strings.ReplaceAll(uuid.NewString(), "-", "")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m[1]+"/v1/orders", bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", customer.key)
	request.Header.Set("Prefer", "wait=20")
	request.Header.Set("traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	answer, err := (&http.Client{Timeout: patience}).Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, 300)

	want := []string{"POST /v1/orders", "StartWorkflow:PlaceOrder", "amends.order.v1.Order/Get", "RunWorkflow:PlaceOrder", "sql.conn.exec"}
	for _, step := range []string{"order.create", "catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book"} {
		want = append(want, "RunActivity:"+step)
	}
	for _, name := range want {
		eventually(t, "the span "+name+" is exported", func() bool { return slices.Contains(c.spans(trace), name) })
	}
	p.drain(t, syscall.SIGINT)
	// The facts that the order's steps told carry the trace to their listeners.
	for _, service := range []string{"order", "inventory", "payment", "shipping"} {
		db := dbtest.Open(t, "sqlite:"+filepath.Join(dir, service+".db"), database.Options{})
		var told int64
		require.NoError(t, db.Raw("SELECT count(*) FROM outbox WHERE meta LIKE ?", "%-"+trace+"-%").Scan(&told).Error)
		require.Positive(t, told, service)
	}
	for _, secret := range customer.secrets() {
		require.NotContains(t, c.received(), secret)
	}
}
