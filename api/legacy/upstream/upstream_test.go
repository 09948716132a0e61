package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/upstream"
)

// program starts a program behind the gateway.
func program(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// front starts a gateway that sends every request to u. Errors are answered 599.
func front(t *testing.T, u *upstream.Upstream, e upstream.Exchange) *httptest.Server {
	t.Helper()
	if e.Timeout == 0 {
		e.Timeout = 10 * time.Second
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "r1")
		w.Header().Set("Amends-Route", "legacy")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Vary", "Accept")
		if err := u.Serve(w, r, e); err != nil {
			w.Header().Set("Failed", strings.ReplaceAll(err.Error(), "\n", " "))
			w.WriteHeader(599)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// alone has a connection for each request: a server that another test closes also closes the
// idle connections of the default transport.
var alone = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func send(t *testing.T, url, method, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
	answer, err := alone.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(text)
}

func TestHeadersTowardsTheProgram(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	at := program(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{RequestID: "r1", Account: "signed"})

	send(t, g.URL+"/a%2Fb?x=1&y=2", http.MethodPost, "{}", "Host: shop.example", "Authorization: Bearer ms_1", "Idempotency-Key: k", "Prefer: wait=3", //nolint:bodyclose // send closes it
		"Cookie: a=1; amends-route=abc; __Host-amends-access=secret", "Cookie: b=2", "Amends-Account: forged", "Amends-Claim: c", "X-Forwarded-For: 6.6.6.6", "X-Request-Id: mine",
		"Connection: X-Hop", "X-Hop: 1", "Te: gzip", "Proxy-Authorization: p", "Traceparent: 00-1-1-01")
	r := <-seen
	require.Equal(t, "shop.example", r.Host)
	require.Equal(t, "/a%2Fb?x=1&y=2", r.RequestURI)
	require.Equal(t, "Bearer ms_1", r.Header.Get("Authorization"), "a credential of the program")
	require.Equal(t, "signed", r.Header.Get("Amends-Account"))
	require.Equal(t, []string{"a=1; b=2"}, r.Header.Values("Cookie"))
	require.Equal(t, "k", r.Header.Get("Idempotency-Key"))
	require.Equal(t, "wait=3", r.Header.Get("Prefer"))
	require.Equal(t, "127.0.0.1", r.Header.Get("X-Forwarded-For"))
	require.Equal(t, "shop.example", r.Header.Get("X-Forwarded-Host"))
	require.Equal(t, "http", r.Header.Get("X-Forwarded-Proto"))
	require.Equal(t, "r1", r.Header.Get("X-Request-Id"))
	for _, gone := range []string{"Amends-Claim", "X-Hop", "Te", "Proxy-Authorization", "Traceparent"} {
		require.Empty(t, r.Header.Values(gone), gone)
	}

	verified := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{Ours: true})
	send(t, verified.URL, http.MethodGet, "", "Authorization: Bearer ours", "Amends-Account: forged") //nolint:bodyclose // send closes it
	r = <-seen
	require.Empty(t, r.Header.Values("Authorization"), "a credential of this platform opens the services")
	require.Empty(t, r.Header.Values("Amends-Account"))
}

func TestHeadersTowardsTheClient(t *testing.T) {
	t.Parallel()
	kind := "application/json"
	at := program(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("X-Request-Id", "theirs")
		h.Set("Amends-Route", "service")
		h.Set("Vary", "Cookie")
		h.Add("Set-Cookie", "cart=1; Path=/")
		h.Add("Set-Cookie", "__Host-amends-access=stolen; Path=/")
		h.Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "{}")
	})
	g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{})
	answer, body := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
	require.Equal(t, http.StatusTeapot, answer.StatusCode)
	require.Equal(t, "{}", body)
	require.Equal(t, []string{"r1"}, answer.Header.Values("X-Request-Id"))
	require.Equal(t, []string{"legacy"}, answer.Header.Values("Amends-Route"))
	require.Equal(t, []string{"cart=1; Path=/"}, answer.Header.Values("Set-Cookie"))
	require.Equal(t, []string{"Accept", "Cookie"}, answer.Header.Values("Vary"))
	require.Equal(t, "default-src 'none'", answer.Header.Get("Content-Security-Policy"))

	kind = "text/html; charset=utf-8"
	answer, _ = send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
	require.Empty(t, answer.Header.Values("Content-Security-Policy"), "its pages need their scripts")
}

func TestTheAccountIsSigned(t *testing.T) {
	t.Parallel()
	const secret = "a secret of 24 characters"
	now := time.Now()
	text, err := upstream.Sign(secret, "monolith", "cus_42", now)
	require.NoError(t, err)
	var c jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("amends"), jwt.WithAudience("monolith"), jwt.WithExpirationRequired())
	require.NoError(t, err)
	require.Equal(t, "cus_42", c.Subject)
	require.LessOrEqual(t, c.ExpiresAt.Sub(now), time.Minute)
}

func TestOneMoreTryElsewhere(t *testing.T) {
	t.Parallel()
	var good, bad atomic.Int64
	works := program(t, func(w http.ResponseWriter, _ *http.Request) { good.Add(1); _, _ = io.WriteString(w, "good") })
	broken := program(t, func(w http.ResponseWriter, _ *http.Request) { bad.Add(1); w.WriteHeader(http.StatusServiceUnavailable) })
	g := front(t, upstream.New("monolith", []string{works, broken}), upstream.Exchange{})

	for range 40 {
		answer, body := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, "good", body)
	}
	require.Less(t, bad.Load(), int64(15), "its breaker opens")

	both := front(t, upstream.New("monolith", []string{works, broken}), upstream.Exchange{})
	good.Store(0)
	bad.Store(0)
	failed := 0
	for range 8 {
		if answer, _ := send(t, both.URL, http.MethodPost, "{}"); answer.StatusCode != http.StatusOK { //nolint:bodyclose // send closes it
			failed++
		}
	}
	require.Equal(t, int64(8), good.Load()+bad.Load(), "a write is sent once")
	require.Equal(t, int64(failed), bad.Load())
	require.Positive(t, failed)
}

func TestAllLeftOutIsAskedAllTheSame(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	at := program(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	u := upstream.New("monolith", []string{at})
	g := front(t, u, upstream.Exchange{})
	for range 10 {
		answer, _ := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
		require.Equal(t, http.StatusBadGateway, answer.StatusCode, "the answer of the program stands")
	}
	require.Equal(t, []upstream.State{{URL: at, Open: true}}, u.States())
	down.Store(false)
	answer, _ := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

func TestFailures(t *testing.T) {
	t.Parallel()

	t.Run("Hanging", func(t *testing.T) {
		t.Parallel()
		free := make(chan struct{})
		at := program(t, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-free:
			case <-r.Context().Done():
			}
		})
		t.Cleanup(func() { close(free) })
		g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{Timeout: 50 * time.Millisecond})
		answer, _ := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
		require.Equal(t, 599, answer.StatusCode)
		require.Equal(t, upstream.ErrTimeout.Error(), answer.Header.Get("Failed"))
	})

	t.Run("SlowBodiesAreNoFailure", func(t *testing.T) {
		t.Parallel()
		slow := time.NewTicker(30 * time.Millisecond)
		t.Cleanup(slow.Stop)
		at := program(t, func(w http.ResponseWriter, _ *http.Request) {
			for range 5 {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				<-slow.C
			}
		})
		g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{Timeout: 60 * time.Millisecond})
		answer, body := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, "xxxxx", body)
	})

	t.Run("NothingListens", func(t *testing.T) {
		t.Parallel()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		g := front(t, upstream.New("monolith", []string{"http://" + l.Addr().String()}), upstream.Exchange{})
		answer, _ := send(t, g.URL, http.MethodPost, "{}") //nolint:bodyclose // send closes it
		require.Equal(t, 599, answer.StatusCode)
	})

	t.Run("AnUnwantedAnswerIsNotWritten", func(t *testing.T) {
		t.Parallel()
		at := program(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
		g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{Wanted: func(status int) bool { return status < 400 }})
		answer, _ := send(t, g.URL, http.MethodGet, "") //nolint:bodyclose // send closes it
		require.Equal(t, 599, answer.StatusCode)
		require.Equal(t, upstream.ErrUnwanted.Error(), answer.Header.Get("Failed"))
	})
}

func TestAnswersStream(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	at := program(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	g := front(t, upstream.New("monolith", []string{at}), upstream.Exchange{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := (&http.Client{Timeout: time.Minute}).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for i := range 3 { // each comes before the program goes on
		require.True(t, lines.Scan())
		require.Equal(t, fmt.Sprintf("data: %d", i), lines.Text())
		next <- struct{}{}
	}
}

func TestAClientThatLeavesEndsTheWork(t *testing.T) {
	t.Parallel()
	came, gone := make(chan struct{}), make(chan struct{})
	at := program(t, func(_ http.ResponseWriter, r *http.Request) {
		close(came)
		<-r.Context().Done()
		close(gone)
	})
	u := upstream.New("monolith", []string{at})
	g := front(t, u, upstream.Exchange{})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-came
		leave()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL, http.NoBody)
	require.NoError(t, err)
	_, err = (&http.Client{Timeout: time.Minute}).Do(r) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.Canceled)
	select {
	case <-gone:
	case <-time.After(time.Minute):
		require.Fail(t, "the program works on")
	}
	require.False(t, u.States()[0].Open)
}
