package api

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// adversarial bodies are built to cost the server more than they cost the client. Each
// fills the given number of bytes.
var adversarial = map[string]func(bytes int) string{
	"unknown fields":          func(n int) string { return "{" + fill(n, `"k%06d":1`) + "}" },
	"unknown fields in lines": func(n int) string { return `{"lines":[` + fill(n, "{"+fill(800, `"k%d":1`)+"}") + "]}" },
	"one duplicate field":     func(n int) string { return "{" + fill(n, `"currency":1`) + "}" },
	"deep":                    func(n int) string { return strings.Repeat("[", n/2) + strings.Repeat("]", n/2) },
	"deep in names":           func(n int) string { return strings.Repeat(`{"a":`, n/6) + "1" + strings.Repeat("}", n/6) },
	"wide array":              func(n int) string { return `{"lines":[` + fill(n, "0") + "]}" },
	"wide array of objects":   func(n int) string { return `{"lines":[` + fill(n, "{}") + "]}" },
	"long text":               func(n int) string { return with("Berlin", strings.Repeat("x", n)) },
	"long escapes":            func(n int) string { return with("Berlin", strings.Repeat(`\u0061`, n/6)) },
	"long halves":             func(n int) string { return with("Berlin", strings.Repeat(`\ud800`, n/6)) },
	"long quotes":             func(n int) string { return with("Berlin", strings.Repeat(`\"`, n/2)) },
	"long id":                 func(n int) string { return with("cus_42", strings.Repeat("x", n)) },
	"long SKU":                func(n int) string { return with("MUG-STONEWARE", strings.Repeat("x", n)) },
	"long digits":             func(n int) string { return with("tok_visa", strings.Repeat("4", n)) },
	"long number":             func(n int) string { return quantity(strings.Repeat("9", n)) },
	"long name":               func(n int) string { return `{"` + strings.Repeat("x", n/2) + `":[` + fill(n/2, "0") + "]}" },
	"long names in lines":     func(n int) string { return `{"lines":[` + fill(n, `{"`+strings.Repeat("x", 120)+`%d":1}`) + "]}" },
	"white space":             func(n int) string { return strings.Repeat(" ", n) + "[]" },
	"commas":                  func(n int) string { return strings.Repeat(",", n) },
}

// fill repeats an element, with its number, up to a number of bytes.
func fill(bytes int, element string) string {
	var b strings.Builder
	for i := 0; b.Len() < bytes; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.Contains(element, "%") {
			fmt.Fprintf(&b, element, i)
		} else {
			b.WriteString(element)
		}
	}
	return b.String()
}

// TestAdversarialBodies holds each kind of body to its cost.
func TestAdversarialBodies(t *testing.T) { //nolint:paralleltest // it measures the whole process
	serve := adversary(t)
	for name, body := range adversarial {
		t.Run(name, func(t *testing.T) {
			small, large := body(200_000), body(1_000_000)
			require.Less(t, len(large), 1<<20)
			atMost := 200 * time.Millisecond
			if raceEnabled {
				atMost *= 10
			}
			spent := func(text string) (took time.Duration, allocated uint64) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := cpu(t)
				require.Contains(t, []int{400, 422}, serve(text))
				took = cpu(t) - began
				runtime.ReadMemStats(&after)
				return took, after.TotalAlloc - before.TotalAlloc
			}
			serve(small) // warm up
			_, few := spent(small)
			cost, many := spent(large)
			for tries := 1; tries < 3 && cost >= atMost; tries++ { // the collector works for others, too
				cost, _ = spent(large)
			}
			require.Less(t, cost, atMost)
			require.Less(t, many, 8*few+1<<20, "five times the length")
		})
	}
}

// A body that arrived whole is not checked for a client that is gone: the schema is
// broken, and the answer is about the client.
func TestABodyOfAClientThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "http://localhost/v1/orders", strings.NewReader(lines(201)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", keyOne)
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, b.logs.String(), "client left before the answer")
}

// BenchmarkAdversarialBodies shows the cost of each kind at two lengths.
func BenchmarkAdversarialBodies(b *testing.B) {
	serve := adversary(b)
	for _, name := range slices.Sorted(maps.Keys(adversarial)) {
		for _, n := range []int{250_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/bytes=%d", strings.ReplaceAll(name, " ", "-"), n), func(b *testing.B) {
				body := adversarial[name](n)
				b.ReportAllocs()
				for b.Loop() {
					serve(body)
				}
			})
		}
	}
}

// adversary returns a function that posts a body as an order, and returns the status.
func adversary(tb testing.TB) func(body string) int {
	tb.Helper()
	config := DefaultConfig()
	config.Orders.Queue, config.GuestSecret = "order", guestSecret
	s, err := New(config, &fakeTemporal{}, WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(tb, err)
	return func(body string) int {
		r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "http://localhost/v1/orders", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", keyOne)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
}

// cpu returns the time that the process has computed so far.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
