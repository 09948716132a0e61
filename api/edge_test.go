package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/workflows"
)

// fakeCatalog answers by a function.
type fakeCatalog func(ctx context.Context, sku string) (catalog.Product, error)

func (f fakeCatalog) Product(ctx context.Context, sku string) (catalog.Product, error) {
	return f(ctx, sku)
}

func TestAServerAnswersForItsHosts(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) { c.Hosts = []string{"shop.example", "*.shop.example"} })
	get := func(host string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/healthz", http.NoBody)
		require.NoError(t, err)
		r.Host = host
		return b.send(t, r).StatusCode
	}
	for _, host := range []string{
		"shop.example", "SHOP.example.", "shop.example:8443", "a.b.shop.example",
		"localhost", "localhost:8080", "a.localhost", "127.0.0.1", "10.0.0.7:80", "[::1]:8080",
	} {
		require.Equal(t, http.StatusOK, get(host), host)
	}
	for _, host := range []string{"evil.example", "evilshop.example", "shop.example.evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "*"} {
		require.Equal(t, http.StatusMisdirectedRequest, get(host), host)
	}
	require.Equal(t, http.StatusOK, b.raw(t, "GET /healthz HTTP/1.0\r\n\r\n").StatusCode, "it is no browser")
}

func TestOnlyPagesOfTheServerChangeAnything(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) { c.Origins = []string{"https://shop.example"} })
	b.temporal.place, b.temporal.query = firstWins(t), knows(workflows.StatusConfirmed)
	own := b.http.URL
	for _, header := range []string{"Origin: " + own, "Origin: https://shop.example", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"} {
		require.Equal(t, http.StatusAccepted, b.post(t, goodBody, header).StatusCode, header)
	}
	for _, header := range []string{"Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1:1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		b.post(t, goodBody, header).refused(t, http.StatusForbidden, problem.OriginForeign)
	}
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+someOrder, "", "Origin: https://evil.example").StatusCode, "it changes nothing")
}

func TestBrowsersAreToldToUseTLS(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) { c.Strict = true })
	require.Empty(t, b.do(t, http.MethodGet, "/healthz", "").Header.Get("Strict-Transport-Security"), "plain HTTP proves nothing")
	b.http = httptest.NewTLSServer(b.server)
	t.Cleanup(b.http.Close)
	require.Equal(t, "max-age=31536000", b.do(t, http.MethodGet, "/healthz", "").Header.Get("Strict-Transport-Security"))
}

// TestOrdersComeBeforeQuestions fills the gate of placements: questions are refused at
// once, one more placement waits and is refused then, a cancel and a read are served.
func TestOrdersComeBeforeQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) {
		c.Orders.Admission.Least, c.Orders.Admission.Most, c.Orders.Admission.Wait = 1, 1, 10*time.Second
	})
	wait := make(chan struct{})
	release := sync.OnceFunc(func() { close(wait) })
	t.Cleanup(release)
	b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
		<-wait
		return firstWins(t)(ctx, s)
	}
	b.temporal.query = knows(workflows.StatusCancelled)
	product := func() response { return b.do(t, http.MethodGet, "/v1/products/MUG", "") }
	product().refused(t, http.StatusServiceUnavailable, fault.Unavailable) // it got as far as the catalog, which is not there

	placed := make(chan int, 2)
	for _, key := range []string{keyOne + "a", keyOne + "b"} {
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/v1/orders", strings.NewReader(goodBody))
			if err == nil {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", key)
				if answer, err := b.http.Client().Do(r); err == nil {
					_ = answer.Body.Close()
					placed <- answer.StatusCode
				}
			}
		}()
	}
	require.Eventually(t, func() bool { return b.server.Admission(t.Context()).Waiting == 1 }, 10*time.Second, time.Millisecond)
	for range 3 {
		product() // the gate lets two in that it finds open
	}
	requireRetryAfter(t, product().Header)
	p := product().refused(t, http.StatusServiceUnavailable, problem.ReducedCapacity)
	require.Equal(t, "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity", p.Type)
	b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cancel", "", "Content-Type: application/json").order(t, http.StatusOK)
	b.do(t, http.MethodGet, "/v1/orders/"+someOrder, "").order(t, http.StatusOK)

	release()
	require.Equal(t, http.StatusAccepted, <-placed)
	require.Equal(t, http.StatusAccepted, <-placed)
	product().refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	require.Positive(t, b.server.Browsing(t.Context()).Backlogged)
}

func TestWorkEndsWithItsTime(t *testing.T) {
	t.Parallel()
	left := make(chan time.Duration, 1)
	ended := make(chan struct{})
	asked := fakeCatalog(func(ctx context.Context, sku string) (catalog.Product, error) {
		end, _ := ctx.Deadline()
		left <- time.Until(end)
		if sku == "SLOW" {
			<-ctx.Done()
			close(ended)
			return catalog.Product{}, ctx.Err()
		}
		return catalog.Product{SKU: sku}, nil
	})
	b := shopOf(t, WithServices(shop.Services{Catalog: asked}))

	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/products/MUG", "").StatusCode)
	got := <-left
	require.LessOrEqual(t, got, time.Second, "the route's")
	require.Greater(t, got, time.Duration(0))
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/products/MUG", "", "Amends-Timeout: 0.5").StatusCode)
	require.LessOrEqual(t, <-left, 500*time.Millisecond, "the client's, which is shorter")
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/products/MUG", "", "Amends-Timeout: 1e9").StatusCode)
	require.LessOrEqual(t, <-left, time.Second)
	for _, wrong := range []string{"", "0", "-1", "NaN", "soon", "1s", "0.0001"} {
		b.do(t, http.MethodGet, "/v1/products/MUG", "", "Amends-Timeout: "+wrong).refused(t, http.StatusBadRequest, problem.BadRequest)
	}
	b.do(t, http.MethodGet, "/v1/products/MUG", "", "Amends-Timeout: 1", "Amends-Timeout: 2").refused(t, http.StatusBadRequest, problem.BadRequest)

	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.http.URL+"/v1/products/SLOW", http.NoBody)
	require.NoError(t, err)
	go func() {
		<-left
		leave()
	}()
	answer, err := b.http.Client().Do(r)
	if err == nil {
		require.NoError(t, answer.Body.Close())
	}
	require.ErrorIs(t, err, context.Canceled)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		require.Fail(t, "the work goes on although the client is gone")
	}
}

func TestATraceGoesThrough(t *testing.T) { //nolint:paralleltest // the propagator is global
	before := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() { otel.SetTextMapPropagator(before) })
	seen := make(chan string, 1)
	b := shopOf(t, WithServices(shop.Services{Catalog: fakeCatalog(func(ctx context.Context, sku string) (catalog.Product, error) {
		seen <- oteltrace.SpanContextFromContext(ctx).TraceID().String()
		return catalog.Product{SKU: sku}, nil
	})}))
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	b.do(t, http.MethodGet, "/v1/products/MUG", "", "Traceparent: 00-"+trace+"-00f067aa0ba902b7-01")
	require.Equal(t, trace, <-seen)
}

func TestGetProduct(t *testing.T) {
	t.Parallel()
	mug := fakeCatalog(func(_ context.Context, sku string) (catalog.Product, error) {
		switch sku {
		case "MUG":
			return catalog.Product{SKU: sku, Name: "Mug", Category: "mugs", Price: eur(1850), Active: true}, nil
		case "AWAY":
			return catalog.Product{}, fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
		default:
			return catalog.Product{}, fault.Errorf(fault.Business, fault.NotFound, "no")
		}
	})
	get := func(t *testing.T, s shop.Services, sku string) response {
		t.Helper()
		return shopOf(t, WithServices(s)).do(t, http.MethodGet, "/v1/products/"+sku, "")
	}

	t.Run("AnswersWithTheStock", func(t *testing.T) {
		t.Parallel()
		answer := get(t, shop.Services{Catalog: mug, Inventory: fakeInventory{stock: stocked}}, "MUG")
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		for _, part := range []string{`"name":"Mug"`, `"category":"mugs"`, `"price":{"amount":1850,"currency":"EUR"}`, `"active":true`, `"available":40`, `"missing":[]`} {
			require.Contains(t, answer.text, part)
		}
	})
	t.Run("NamesTheStockThatIsMissing", func(t *testing.T) {
		t.Parallel()
		for name, i := range map[string]shop.Services{
			"NotConfigured": {Catalog: mug},
			"Hangs":         {Catalog: mug, Inventory: fakeInventory{hangs: true}},
			"Away":          {Catalog: mug, Inventory: fakeInventory{err: fault.Errorf(fault.Transient, fault.Unavailable, "away")}},
		} {
			answer := get(t, i, "MUG")
			require.Equal(t, http.StatusOK, answer.StatusCode, name)
			require.Contains(t, answer.text, `"missing":[{"code":"UNAVAILABLE","part":"stock"}]`, name)
			require.NotContains(t, answer.text, `"stock":{`, name)
		}
	})
	t.Run("FailsWithTheProduct", func(t *testing.T) {
		t.Parallel()
		s := shop.Services{Catalog: mug, Inventory: fakeInventory{stock: stocked}}
		get(t, s, "NEVER").refused(t, http.StatusNotFound, fault.NotFound)
		get(t, s, strings.Repeat("x", 300)).refused(t, http.StatusNotFound, fault.NotFound)
		answer := get(t, s, "AWAY")
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.NotContains(t, answer.text, "10.0.0.7")
		get(t, shop.Services{}, "MUG").refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})
}
