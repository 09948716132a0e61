package legacy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// TestCanary: 10,000 requests through a canary of 10 %.
func TestCanary(t *testing.T) {
	t.Parallel()
	s := open(t, canary("10"))
	other := open(t, canary("10")) // another gateway
	sides, took := map[string]string{}, 0
	for i := range 10_000 {
		account := fmt.Sprintf("cus_%d", i%5000)
		gateway := s
		if i%3 == 0 {
			gateway = other
		}
		w := gateway.send("GET", "/v1/products/MUG", "", as(account))
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), side(w))
		if before := sides[account]; before != "" {
			require.Equal(t, before, side(w), "an account stays on its side, at every gateway")
		}
		sides[account] = side(w)
		if side(w) == "service" {
			took++
		}
	}
	t.Logf("%.2f %% of 10,000 requests", float64(took)/100)
	require.InDelta(t, 1000, took, 100, "10 ± 1 %%")
	for path, method := range map[string]string{"/v1/orders": "POST", "/v1/orders/1/cancel": "POST", "/v1/orders/1": "GET"} {
		for account := range 100 {
			name := fmt.Sprintf("cus_%d", account)
			require.Equal(t, sides[name], side(s.send(method, path, "{}", as(name))), "the same for all operations")
		}
	}
}

func TestAGuestStaysOnASide(t *testing.T) {
	t.Parallel()
	s := open(t, canary("50"))
	cookie := func(w *httptest.ResponseRecorder) string {
		for _, c := range w.Result().Cookies() {
			if c.Name == "amends-route" {
				require.True(t, c.HttpOnly)
				require.Equal(t, http.SameSiteLaxMode, c.SameSite)
				return "Cookie: amends-route=" + c.Value
			}
		}
		return ""
	}
	seen := map[string]int{}
	for range 200 {
		first := s.send("GET", "/v1/products/MUG", "")
		seen[side(first)]++
		kept := cookie(first)
		require.NotEmpty(t, kept)
		for range 3 {
			again := s.send("POST", "/v1/orders", "{}", kept)
			require.Equal(t, side(first), side(again))
			require.Empty(t, cookie(again))
		}
	}
	require.Len(t, seen, 2)

	t.Run("WhosePlacementIsRepeated", func(t *testing.T) {
		t.Parallel()
		sides := map[string]bool{}
		for i := range 50 {
			key := fmt.Sprintf("Idempotency-Key: %d-of-22-characters-at-least", i)
			first := s.send("POST", "/v1/orders", "{}", key)
			require.Equal(t, side(first), side(s.send("POST", "/v1/orders", "{}", key)), "the answer was lost, and its cookie")
			require.Equal(t, side(first), side(s.send("POST", "/v1/orders", "{}", key, cookie(first))))
			sides[side(first)] = true
		}
		require.Len(t, sides, 2)
	})

	t.Run("WithTheClaimOfTheServices", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			require.Equal(t, "service", side(s.send("GET", "/v1/orders/1", "", "Amends-Claim: c")))
		}
	})
}

// TestAWriteStaysOnItsSide: on the other one it could take effect a second time.
func TestAWriteStaysOnItsSide(t *testing.T) {
	t.Parallel()
	s := open(t, canary("50"))
	var legacy, services atomic.Int64
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		legacy.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	})
	s.serve(func(echo.Context) error { services.Add(1); return problem.New(problem.UpstreamFailed, "") })
	for range 3 {
		w := s.send("POST", "/v1/orders", "{}", as(accountOn(score.Service, 50)))
		require.Equal(t, http.StatusBadGateway, w.Code)
		require.Equal(t, "service", side(w))
		w = s.send("DELETE", "/v1/sessions/1", "", as(accountOn(score.Legacy, 50)))
		require.Equal(t, http.StatusInternalServerError, w.Code)
	}
	require.EqualValues(t, 3, services.Load())
	require.EqualValues(t, 3, legacy.Load())

	t.Run("AReadDoesNot", func(t *testing.T) {
		t.Parallel()
		s.answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
		w := s.send("GET", "/v1/products/MUG", "", as(accountOn(score.Service, 50)))
		require.Equal(t, http.StatusOK, w.Code, "the program answers in the place of services that fail")
		require.Equal(t, "legacy", side(w))

		s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
		w = s.send("GET", "/v1/orders/1", "", as(accountOn(score.Service, 50)))
		require.Equal(t, http.StatusBadGateway, w.Code, "that the program does not have it does not mean that it is not there")
		require.Equal(t, "service", side(w))
	})
}

// A repeat after a cut-back, or after an operator's change, must not place a second order at a
// side that does not know the key.
func TestAKeyStaysOnItsSide(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Service))
	place := func(key string) string {
		return side(s.send("POST", "/v1/orders", "{}", as("cus_1"), "Idempotency-Key: "+key))
	}
	set := func(m route.Mode) {
		t.Helper()
		c := s.command("all", m, 0)
		c.Force = true
		_, err := s.Set(c)
		require.NoError(t, err)
	}
	require.Equal(t, "service", place("key-of-the-services-0001"))
	set(route.Legacy)
	require.Equal(t, "service", place("key-of-the-services-0001"))
	account := make(chan string, 1)
	s.answer(func(_ http.ResponseWriter, r *http.Request) { account <- r.Header.Get("Amends-Account") })
	require.Equal(t, "legacy", place("key-of-the-program-00022"))
	require.NotEmpty(t, <-account)
	set(route.Service)
	require.Equal(t, "legacy", place("key-of-the-program-00022"))
	require.NotEmpty(t, <-account, "the program is told whose it is, also then")
	require.Equal(t, "service", side(s.send("GET", "/v1/orders/1", "", as("cus_1"), "Idempotency-Key: key-of-the-program-00022")), "a read has no effect")
}

// The services hang, and the route is cut back. The clients whose placements were not answered
// ask again: at another gateway, and at one that was restarted. Each order is placed at one side.
func TestAKeyStaysOnItsSideAtEveryGateway(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Service))
	var mu sync.Mutex
	placed := map[string]map[string]bool{} // the sides that got a key
	note := func(by, key string) {
		mu.Lock()
		defer mu.Unlock()
		if placed[key] == nil {
			placed[key] = map[string]bool{}
		}
		placed[key][by] = true
	}
	s.answer(func(_ http.ResponseWriter, r *http.Request) { note("legacy", r.Header.Get("Idempotency-Key")) })
	s.serve(func(c echo.Context) error {
		note("service", c.Request().Header.Get("Idempotency-Key"))
		return problem.New(problem.UpstreamTimeout, "")
	})
	place := func(at *shop, i int) {
		at.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i)), fmt.Sprintf("Idempotency-Key: key-of-a-customer-%06d", i))
	}
	move := func(to route.Mode) {
		t.Helper()
		c := s.command("all", to, 0)
		c.Force = true
		_, err := s.Set(c)
		require.NoError(t, err)
	}
	late := s.beside() // it looks at the file later
	for i := range 20 {
		place(s, i)
	}
	move(route.Legacy)
	other, restarted := s.beside(), s.beside()
	for i := range 40 {
		place(other, i)
		place(late, i)
		place(restarted, i)
	}
	move(route.Service)
	for i := range 40 {
		place(s, i)
		place(s.beside(), i)
	}
	require.Len(t, placed, 40)
	for key, sides := range placed {
		require.Len(t, sides, 1, "%s is placed at both sides", key)
	}
}

// TestAMovedAccountFindsWhatItHasLeftBehind: the program answers a read of a canary that the
// services do not find, for the same account.
func TestAMovedAccountFindsWhatItHasLeftBehind(t *testing.T) {
	t.Parallel()
	s := open(t, canary("50"))
	moved := as(accountOn(score.Service, 50))
	s.serve(func(echo.Context) error { return problem.New(fault.NotFound, "") })
	var asked atomic.Int64
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Amends-Account") == "" {
			t.Error("not as the account, which sees its own orders")
		}
		_, _ = io.WriteString(w, "{}")
	})
	for _, path := range []string{"/v1/orders/1", "/v1/paths-of-the-program"} {
		w := s.send("GET", path, "", moved)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, "legacy", side(w), path)
	}
	require.EqualValues(t, 2, asked.Load())

	require.Equal(t, http.StatusNotFound, s.send("POST", "/v1/orders/1/cancel", "{}", moved).Code, "a write stays on its side")
	require.EqualValues(t, 2, asked.Load())

	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	w := s.send("GET", "/v1/orders/1", "", moved)
	require.Equal(t, http.StatusNotFound, w.Code, "both sides say no: the answer is the services'")
	require.Equal(t, "service", side(w))

	s.write(mode(route.Service))
	_, err := s.Look()
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, s.send("GET", "/v1/orders/1", "", moved).Code, "what a service alone answers is over")
}

func TestModes(t *testing.T) {
	t.Parallel()
	for m, want := range map[route.Mode]string{route.Legacy: "legacy", route.Shadow: "legacy", route.Service: "service"} {
		s := open(t, mode(m))
		for _, who := range []string{as("cus_1"), "X: y"} {
			w := s.send("GET", "/v1/orders/1", "", who)
			require.Equal(t, want, side(w), m)
			require.Contains(t, w.Body.String(), want)
		}
		w := s.send("GET", "/healthz", "")
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Empty(t, side(w), "no route")
		require.Equal(t, want, side(s.send("GET", "/v1/legacy-only", "")))
		require.Empty(t, side(s.send("GET", "/v1/keys", "")), "the gateway's own")
	}
}

func TestOperatorsChooseASide(t *testing.T) {
	t.Parallel()
	for _, routes := range []string{mode(route.Legacy), mode(route.Service), canary("0"), canary("100")} {
		s := open(t, routes)
		for _, want := range []string{"legacy", "service"} {
			require.Equal(t, want, side(s.send("GET", "/v1/orders/1", "", as("op_1"), "Amends-Route: "+want)))
		}
		by := side(s.send("GET", "/v1/orders/1", "", as("cus_1")))
		for _, wish := range []string{"legacy", "service", "moon"} {
			require.Equal(t, by, side(s.send("GET", "/v1/orders/1", "", as("cus_1"), "Amends-Route: "+wish)), "others do not")
			require.Equal(t, by, side(s.send("GET", "/v1/orders/1", "", "Amends-Route: "+wish)))
		}
		require.Equal(t, by, side(s.send("GET", "/v1/orders/1", "", as("op_1"), "Amends-Route: moon")))
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Legacy))
	seen := make(chan http.Header, 1)
	s.answer(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header })

	s.send("GET", "/v1/orders/1", "", as("cus_1"))
	h := <-seen
	require.Empty(t, h.Values("Authorization"), "the program needs no key of the services")
	var c jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(h.Get("Amends-Account"), &c, func(*jwt.Token) (any, error) { return []byte(secret), nil }, jwt.WithAudience("monolith"))
	require.NoError(t, err)
	require.Equal(t, "cus_1", c.Subject)

	for _, foreign := range []string{"Bearer ms_0123", "Basic YTpi", "Bearer a.b.c"} {
		s.send("GET", "/v1/orders/1", "", "Authorization: "+foreign, "Amends-Account: forged")
		h = <-seen
		require.Equal(t, foreign, h.Get("Authorization"), "the program's own credentials")
		require.Empty(t, h.Get("Amends-Account"))
	}

	w := s.send("GET", "/v1/orders/1", "", as("bad"))
	require.Equal(t, http.StatusUnauthorized, w.Code, "a credential of this platform must be valid, wherever it goes")
	w = s.send("GET", "/v1/orders/1", "", as("cus_1"), as("cus_2"))
	require.Equal(t, http.StatusUnauthorized, w.Code, "two say nothing")
	s.send("POST", "/v1/sessions", "{}", as("bad"))
	h = <-seen
	require.Empty(t, h.Get("Amends-Account"), "an operation that looks at no credential")
	require.Empty(t, h.Values("Authorization"), "nor does the program get it")

	t.Run("OfTheProgramDoNotReachTheServices", func(t *testing.T) {
		t.Parallel()
		s := open(t, mode(route.Service))
		var got string
		s.serve(func(c echo.Context) error { got = c.Request().Header.Get("Authorization"); return c.NoContent(200) })
		s.send("GET", "/v1/products/MUG", "", "Authorization: Bearer ms_0123")
		require.Empty(t, got, "where none is needed")
		s.send("GET", "/v1/orders/1", "", "Authorization: Bearer ms_0123")
		require.Equal(t, "Bearer ms_0123", got, "where one is needed, the services refuse it")
		s.send("GET", "/v1/products/MUG", "", as("cus_1"))
		require.Equal(t, "Bearer amk_cus_1", got)
	})
}

func TestADryRunNeverReachesTheProgram(t *testing.T) {
	t.Parallel()
	for _, routes := range []string{mode(route.Legacy), mode(route.Shadow), canary("0")} {
		s := open(t, routes)
		s.answer(func(http.ResponseWriter, *http.Request) { t.Error("it would place the order") })
		for _, wish := range []string{"true", "1", "perhaps"} {
			require.Equal(t, "service", side(s.send("POST", "/v1/orders", "{}", "Amends-Dry-Run: "+wish)))
		}
	}
}

// The handlers place an order that is not to be tried: where it is placed is for the route to
// say.
func TestNoDryRunIsNoWish(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Legacy))
	require.Equal(t, "legacy", side(s.send("POST", "/v1/orders", "{}", "Amends-Dry-Run: false")))
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Legacy))
	read := make(chan int, 1)
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		read <- len(body)
	})
	s.send("POST", "/v1/anything", strings.Repeat("x", 1<<20))
	require.Equal(t, 1<<20, <-read)
	w := s.send("POST", "/v1/anything", strings.Repeat("x", 1<<20+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestProblemsOfTheProgram(t *testing.T) {
	t.Parallel()
	s := open(t, `  - {name: all, match: ["/v1/{rest...}"], upstream: monolith, timeout: 100ms}`+"\n")
	s.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	began := time.Now()
	w := s.send("GET", "/v1/orders/1", "")
	require.Equal(t, http.StatusGatewayTimeout, w.Code)
	require.Contains(t, w.Body.String(), "UPSTREAM_TIMEOUT")
	w = s.send("GET", "/v1/orders/1", "", "Prefer: wait=1")
	require.Equal(t, http.StatusGatewayTimeout, w.Code)
	require.GreaterOrEqual(t, time.Since(began), 1200*time.Millisecond, "the time that the client prefers to wait comes on top")

	s.answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	w = s.send("POST", "/v1/orders", "{}")
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Contains(t, w.Body.String(), "UPSTREAM_FAILED")
}
