package legacy_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/legacy/shadow"
	"github.com/amends/amends/fault"
)

const product = `{"sku": "%s", "name": "Mug", "price": {"amount": 1850, "currency": "EUR"}, "available": 40, "tags": ["a", "b"], "updated_at": "2026-01-02T03:04:05Z"}`

const shadowed = `  - {name: products, match: ["GET /v1/products/{sku}"], mode: shadow, upstream: monolith,
     compare: {ignore: [updated_at], unordered: [/tags], tolerance: {/available: "2"}}}
  - {name: all, match: ["/v1/{rest...}"], mode: shadow, upstream: monolith}
`

// TestShadow: five planted differences of fields are found, and none is false.
func TestShadow(t *testing.T) {
	t.Parallel()
	s := open(t, shadowed)
	s.run()
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, product, strings.TrimPrefix(r.URL.Path, "/v1/products/"))
	})
	planted := map[string][2]string{
		"P1": {"1850", "1851"}, "P2": {"EUR", "USD"}, "P3": {`"available": 40`, `"available": 43`}, "P4": {`["a", "b"]`, `["a"]`}, "P5": {`"name": "Mug"`, `"name": "Cup"`},
	}
	s.serve(func(c echo.Context) error {
		sku := c.Param("sku")
		text := strings.NewReplacer("2026", "2025", `["a", "b"]`, `["b", "a"]`, `"available": 40`, `"available": 41`).Replace(fmt.Sprintf(product, sku))
		if change, ok := planted[sku]; ok {
			text = strings.Replace(fmt.Sprintf(product, sku), change[0], change[1], 1)
		}
		return c.Blob(http.StatusOK, "application/json", []byte(text))
	})
	for i := range 200 {
		w := s.send("GET", fmt.Sprintf("/v1/products/SKU-%d", i), "", "Accept-Encoding: gzip")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, fmt.Sprintf(product, fmt.Sprintf("SKU-%d", i)), w.Body.String(), "the live answer is the program's") //nolint:testifylint // byte for byte
		eventually(t, func() bool { return s.results(score.Match) == i+1 }, "none is false")
	}
	for sku := range planted {
		s.send("GET", "/v1/products/"+sku, "")
	}
	eventually(t, func() bool { return s.results(score.Differ) == 5 }, "five are found")
	v, pairs, _ := s.Route("products")
	require.Equal(t, map[score.Result]int64{score.Match: 200, score.Differ: 5}, v.Score.Results)
	var at []string
	for _, p := range pairs {
		require.Len(t, p.Differences, 1)
		require.Equal(t, "/v1/products/:sku", p.Path)
		require.NotContains(t, p.Legacy, "Mug", "bodies are redacted")
		at = append(at, p.Differences[0].Pointer)
	}
	slices.Sort(at)
	require.Equal(t, []string{"/available", "/name", "/price/amount", "/price/currency", "/tags"}, at)
}

// TestWritesAreOnlyTried: no write of a shadow reaches the services but as a dry run.
func TestWritesAreOnlyTried(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Shadow))
	s.run()
	var mu sync.Mutex
	var copies []string
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(body)
	})
	s.serve(func(c echo.Context) error {
		r := c.Request()
		mu.Lock()
		defer mu.Unlock()
		require.True(t, shadow.Copied(r.Context()))
		copies = append(copies, r.Method+" "+r.URL.Path+" "+r.Header.Get("Amends-Dry-Run"))
		if r.Method == http.MethodGet {
			return c.NoContent(http.StatusAccepted)
		}
		return c.Stream(http.StatusOK, "application/json", r.Body)
	})
	for _, request := range []string{
		"POST /v1/orders", "POST /v1/orders/1/cancel", "PUT /v1/orders/1", "DELETE /v1/orders/1", "PATCH /v1/orders/1",
		"POST /v1/sessions", "GET /v1/orders/1/events", "HEAD /v1/orders/1", "GET /v1/unknown", "GET /v1/orders/1",
	} {
		method, path, _ := strings.Cut(request, " ")
		body := `{"total": 1}`
		if method == "GET" {
			body = ""
		}
		w := s.send(method, path, body, as("cus_1"))
		require.Equal(t, http.StatusAccepted, w.Code, request)
		require.Equal(t, "legacy", side(w))
		if method != "HEAD" {
			require.Equal(t, body, w.Body.String(), "the program gets the whole body")
		}
	}
	eventually(t, func() bool { return s.results(score.Match) == 2 }, "both copies are compared")
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(copies)
	require.Equal(t, []string{"GET /v1/orders/1 ", "POST /v1/orders true"}, copies)
}

func TestRoutesWithoutCopiesAreNoShadows(t *testing.T) {
	t.Parallel()
	for _, match := range []string{"/v1/sessions", "POST /v1/orders/{id}/cancel", "GET /v1/orders/{id}/events", "/shop"} {
		s := open(t, mode(route.Legacy))
		s.write(`  - {name: it, match: ["` + match + `"], mode: shadow, upstream: monolith}` + "\n")
		_, err := s.Look()
		require.ErrorContains(t, err, "it/mode: must not be shadow", match)
	}
}

// TestABadCandidateIsNotFelt: whatever the services do with copies, live answers come as
// before. Live time is measured beside that of a healthy candidate, in turns, so that a busy
// machine meets both; the rest is noise, for which 10 ms are allowed on top of 10 %, and three
// rounds: noise passes, and an effect does not. It runs alone: other tests would be more noise.
func TestABadCandidateIsNotFelt(t *testing.T) { //nolint:paralleltest // see above
	for name, candidate := range map[string]struct {
		serve echo.HandlerFunc
		want  []score.Result
	}{
		"Killed": {func(echo.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "nothing listens") }, []score.Result{score.Error}},
		"Hanging": {func(c echo.Context) error {
			select {
			case <-c.Request().Context().Done():
				return c.Request().Context().Err()
			case <-time.After(30 * time.Second):
				return nil
			}
		}, []score.Result{score.Error, score.Dropped}},
		"Garbage":   {func(c echo.Context) error { return c.String(http.StatusOK, "\x00<garbage") }, []score.Result{score.Differ}},
		"Panicking": {func(echo.Context) error { panic("a bug") }, []score.Result{score.Error}},
	} {
		t.Run(name, func(t *testing.T) {
			healthy, bad := open(t, mode(route.Shadow)), open(t, mode(route.Shadow))
			healthy.run()
			bad.run()
			bad.serve(candidate.serve)
			for _, s := range []*shop{healthy, bad} {
				s.answer(func(w http.ResponseWriter, _ *http.Request) {
					<-time.After(5 * time.Millisecond) // the program works
					fmt.Fprint(w, `{"by": "legacy"}`)
				})
			}
			felt := true
			for round := 0; felt && round < 3; round++ {
				without, with := liveP99(t, healthy, bad)
				t.Logf("live p99 %s, with a healthy candidate %s: %+.1f %%", with, without, 100*(float64(with)/float64(without)-1))
				felt = with > without*110/100+10*time.Millisecond
			}
			require.False(t, felt, "the live p99 is more than 10 %% longer, three times")
			for _, want := range candidate.want {
				eventually(t, func() bool { return bad.results(want) > 0 }, string(want))
			}
			require.Zero(t, bad.results(score.Match))
		})
	}
}

// liveP99 sends requests to two shops in turns, none of which may fail, and returns the 99th
// percentile of the time of each.
func liveP99(t *testing.T, a, b *shop) (ofA, ofB time.Duration) {
	t.Helper()
	var times [2][]time.Duration
	for range 600 {
		for i, s := range []*shop{a, b} {
			began := time.Now()
			w := s.send("GET", "/v1/orders/1", "", as("cus_1"))
			times[i] = append(times[i], time.Since(began))
			require.Equal(t, http.StatusOK, w.Code, "no live error")
			require.Equal(t, "legacy", side(w))
		}
	}
	for _, all := range times {
		slices.Sort(all)
	}
	return times[0][594], times[1][594]
}

func TestACopyHasItsOwnLife(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Shadow))
	asked := make(chan error, 1)
	s.serve(func(c echo.Context) error { asked <- c.Request().Context().Err(); return c.NoContent(200) })
	s.answer(func(http.ResponseWriter, *http.Request) {})
	s.send("GET", "/v1/orders/1", "") // its client has left before any copy is compared
	s.run()
	require.NoError(t, <-asked)
	eventually(t, func() bool { return s.results(score.Match) == 1 }, "it is compared")
}

func TestAnswersThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Shadow))
	s.run()
	var copies atomic.Int64
	s.serve(func(c echo.Context) error { copies.Add(1); return c.NoContent(200) })
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/orders/large":
			_, _ = io.WriteString(w, strings.Repeat("x", 300<<10))
		case "/v1/orders/broken":
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	require.Len(t, s.send("GET", "/v1/orders/large", "").Body.String(), 300<<10, "the client gets all of it")
	s.send("GET", "/v1/orders/broken", "")
	s.send("GET", "/v1/orders/1", "", `If-None-Match: "v1"`)
	s.send("GET", "/v1/orders/1", "", "Range: bytes=0-1")
	require.Equal(t, 4, s.results(score.Skipped))
	require.Zero(t, copies.Load())
}
