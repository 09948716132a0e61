package legacy_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/wait"
)

// gated is a route with a gate of 10 comparisons.
const gated = `  - {name: orders, match: ["/v1/orders/{rest...}"], mode: shadow, upstream: monolith, gate: {compared: 10, differing: 0.1, errors: 0.2, least: 5}}` + "\n"

// set returns the command that gives a route a mode.
func (s *shop) command(name string, m route.Mode, percent float64) legacy.Command {
	s.t.Helper()
	v, _, found := s.Route(name)
	require.True(s.t, found)
	r := v.Route
	r.Mode, r.Percent = m, percent
	return legacy.Command{Route: r, Operator: "night", Reason: "a test"}
}

func TestTheGate(t *testing.T) {
	t.Parallel()
	s := open(t, gated)
	s.run()
	s.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a": 1}`) })
	s.serve(func(c echo.Context) error { return c.JSON(200, map[string]int{"a": 1}) })

	_, err := s.Set(s.command("orders", route.Canary, 10))
	require.Equal(t, problem.RouteNotReady, problem.Of(err).Code)
	require.Contains(t, problem.Of(err).Detail, "0 of 10")
	require.Equal(t, route.Shadow, s.mode("orders"), "nothing has changed")

	for i := range 10 {
		s.send("GET", "/v1/orders/1", "")
		eventually(t, func() bool { return s.results(score.Match) == i+1 }, "compared")
	}
	changes, err := s.Set(s.command("orders", route.Canary, 10))
	require.NoError(t, err)
	require.Equal(t, []route.Difference{{Field: "mode", Before: "shadow", After: "canary"}, {Field: "percent", Before: "", After: "10"}}, changes)
	changes, err = s.Set(s.command("orders", route.Canary, 10))
	require.NoError(t, err)
	require.Empty(t, changes, "a repeat changes nothing")

	s.serve(func(c echo.Context) error { return c.JSON(200, map[string]int{"a": 2}) })
	account := accountOn(score.Legacy, 10)
	for i := range 2 { // a canary goes on to compare
		s.send("GET", "/v1/orders/1", "", as(account))
		eventually(t, func() bool { return s.results(score.Differ) == i+1 }, "compared")
	}
	_, err = s.Set(s.command("orders", route.Service, 0))
	require.Contains(t, problem.Of(err).Detail, "0.1667 differ")

	forced := s.command("orders", route.Service, 0)
	forced.Force = true
	_, err = s.Set(forced)
	require.NoError(t, err)
	require.Equal(t, route.Service, s.mode("orders"))
	_, err = s.Set(s.command("orders", route.Legacy, 0))
	require.NoError(t, err, "back is always open")

	o, err := s.Overview()
	require.NoError(t, err)
	require.Len(t, o.Changes, 3)
	require.Equal(t, "night", o.Changes[0].By)
	require.Equal(t, "a test", o.Changes[0].Reason)
	require.True(t, o.Changes[1].Forced)
	require.False(t, o.Changes[2].Forced)
}

func TestSetIsWholeOrNot(t *testing.T) {
	t.Parallel()
	s := open(t, gated)
	before, err := os.ReadFile(s.file)
	require.NoError(t, err)
	bad := s.command("orders", "green", 101)
	bad.Route.Upstream = "moon"
	_, err = s.Set(bad)
	var rules route.Problems
	require.ErrorAs(t, err, &rules)
	require.Len(t, rules, 3)
	conflict := s.command("orders", route.Legacy, 0)
	conflict.Route.Name = "again"
	_, err = s.Set(conflict)
	require.ErrorAs(t, err, &rules, "its patterns are those of another route")
	after, err := os.ReadFile(s.file)
	require.NoError(t, err)
	require.Equal(t, before, after)

	fresh := s.command("orders", route.Legacy, 0)
	fresh.Route.Name, fresh.Route.Match = "carts", []string{"/v1/carts"}
	_, err = s.Set(fresh)
	require.NoError(t, err)
	require.Equal(t, "legacy", side(s.send("GET", "/v1/carts", "")))
	other := s.another() // starts with what was kept
	_, _, found := other.Route("carts")
	require.True(t, found)
}

func TestLook(t *testing.T) {
	t.Parallel()
	s := open(t, mode(route.Legacy))
	changed, err := s.Look()
	require.NoError(t, err)
	require.False(t, changed)

	for _, bad := range []string{"  - {name: all}\n", "  - [\n", "  - {name: all, match: [/v1], upstream: monolith, mod: shadow}\n"} {
		s.write(bad)
		for range 3 {
			_, err = s.Look()
			require.Error(t, err)
		}
		require.Equal(t, "legacy", side(s.send("GET", "/v1/orders/1", "")), "the last good routes stay")
		o, err := s.Overview()
		require.NoError(t, err)
		require.NotEmpty(t, o.Problem)
	}
	require.Equal(t, 3, strings.Count(s.log.String(), "a file of routes is not used"), "each problem is logged once")
	require.NoError(t, os.Remove(s.file))
	_, err = s.Look()
	require.Error(t, err)
	require.Equal(t, "legacy", side(s.send("GET", "/v1/orders/1", "")))

	s.write(mode(route.Service))
	changed, err = s.Look()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "service", side(s.send("GET", "/v1/orders/1", "")))
	require.Contains(t, s.log.String(), "a route has changed")
	o, err := s.Overview()
	require.NoError(t, err)
	require.Empty(t, o.Problem)
}

// TestReloadsUnderLoad: 2,000 changes of the routes while requests run; none fails.
func TestReloadsUnderLoad(t *testing.T) {
	t.Parallel()
	s := open(t, canary("50"))
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var requests, failed atomic.Int64
	for i := range 4 {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				w := s.send([]string{"GET", "POST"}[n%2], "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", n*4+i))) //nolint:contextcheck // ctx ends the loop, and breaks off no request
				requests.Add(1)
				if w.Code >= 400 && w.Code != http.StatusMethodNotAllowed || side(w) == "" {
					failed.Add(1)
				}
			}
		})
	}
	for i := range 2000 {
		switch i % 4 {
		case 0:
			s.write(mode(route.Legacy))
		case 1:
			s.write(canary(fmt.Sprint(i % 100)))
		case 2:
			s.write("  - {name: all\n") // a file that cannot be used
		default:
			s.write(mode(route.Shadow))
		}
		_, err := s.Look()
		require.Equal(t, i%4 == 2, err != nil)
	}
	stop()
	clients.Wait()
	t.Logf("2,000 reloads, %d requests", requests.Load())
	require.Positive(t, requests.Load())
	require.Zero(t, failed.Load())
}

// TestCutBack: a route whose services fail goes back to the program by itself, at once and at
// every gateway, and stays there.
func TestCutBack(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]echo.HandlerFunc{
		"Killed":    func(echo.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "nothing listens") },
		"Hanging":   func(c echo.Context) error { <-c.Request().Context().Done(); return c.Request().Context().Err() },
		"Failing":   func(c echo.Context) error { return c.String(http.StatusInternalServerError, "a bug") },
		"Panicking": func(echo.Context) error { panic("a bug") },
	} {
		for _, m := range []route.Mode{route.Canary, route.Service} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				t.Parallel()
				s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: `+string(m)+`, percent: 50, upstream: monolith, timeout: 200ms, gate: {errors: 0.2, least: 5}}`+"\n")
				s.run()
				other := s.another()
				for i := range 40 {
					require.Equal(t, http.StatusOK, s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i))).Code)
				}
				s.serve(bad)
				began := time.Now()
				var clients sync.WaitGroup
				for i := range 8 {
					clients.Go(func() {
						for n := 0; s.mode("all") == m && time.Since(began) < 20*time.Second; n++ {
							s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d_%d", i, n)))
						}
					})
				}
				clients.Wait()
				t.Logf("cut back after %s", time.Since(began))
				require.Less(t, time.Since(began), 10*time.Second)
				require.Equal(t, route.Legacy, s.mode("all"))
				require.EqualValues(t, 1, s.cut.Load())
				for i := range 40 {
					w := s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i)))
					require.Equal(t, http.StatusOK, w.Code, "no live error any more")
					require.Equal(t, "legacy", side(w))
				}
				eventually(t, func() bool {
					_, err := other.Look()
					v, _, _ := other.Route("all")
					return err == nil && v.Mode == route.Legacy
				}, "the other gateway follows")
				o, err := s.Overview()
				require.NoError(t, err)
				require.Len(t, o.Changes, 1)
				require.Equal(t, "gateway", o.Changes[0].By)
				require.Contains(t, o.Changes[0].Reason, "requests of the services failed within 10s")
				require.Zero(t, o.Routes[0].Score.Service.Requests, "the score begins anew")
				_, err = s.Set(s.command("all", route.Service, 0))
				require.Equal(t, problem.RouteNotReady, problem.Of(err).Code, "and only its gate leads forward again")
			})
		}
	}
}

// TestAHangingServiceIsCutBackWhileItHangs: its requests need not end for that, whatever time
// they have.
func TestAHangingServiceIsCutBackWhileItHangs(t *testing.T) {
	t.Parallel()
	for _, m := range []route.Mode{route.Canary, route.Service} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: `+string(m)+`, percent: 100, upstream: monolith, timeout: 60s, gate: {errors: 0.2, least: 5, slow: 300ms}}`+"\n")
			for i := range 10 {
				require.Equal(t, http.StatusOK, s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i))).Code)
			}
			require.Equal(t, m, s.mode("all"))
			hang := make(chan struct{})
			s.serve(func(c echo.Context) error { <-hang; return c.NoContent(http.StatusOK) })
			began := time.Now()
			var clients sync.WaitGroup
			for i := range 8 {
				clients.Go(func() { s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i)), "Prefer: wait=30") })
			}
			eventually(t, func() bool { return s.mode("all") == route.Legacy }, "cut back")
			t.Logf("cut back after %s", time.Since(began))
			require.Less(t, time.Since(began), 10*time.Second)
			require.Equal(t, "legacy", side(s.send("POST", "/v1/orders", "{}", as("cus_1"))), "while the others hang")
			close(hang)
			clients.Wait()
		})
	}

	t.Run("ButNotForAStream", func(t *testing.T) {
		t.Parallel()
		s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: service, upstream: monolith, gate: {errors: 0, least: 1, slow: 100ms}}`+"\n")
		s.serve(func(c echo.Context) error { return wait.For(c.Request().Context(), 300*time.Millisecond) })
		s.send("GET", "/v1/orders/1/events", "")
		require.Equal(t, route.Service, s.mode("all"))
	})

	t.Run("NorIfTheProgramHangsAsOften", func(t *testing.T) {
		t.Parallel()
		s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: canary, percent: 50, upstream: monolith, gate: {errors: 0.2, least: 1, slow: 100ms}}`+"\n")
		s.answer(func(_ http.ResponseWriter, r *http.Request) { _ = wait.For(r.Context(), 300*time.Millisecond) })
		s.send("POST", "/v1/orders", "{}", as(accountOn(score.Legacy, 50)))
		s.serve(func(c echo.Context) error { return wait.For(c.Request().Context(), 300*time.Millisecond) })
		s.send("POST", "/v1/orders", "{}", as(accountOn(score.Service, 50)))
		require.Equal(t, route.Canary, s.mode("all"))
	})
}

func TestNoCutBack(t *testing.T) {
	t.Parallel()
	for name, routes := range map[string]string{
		"OfFewRequests":     `gate: {errors: 0.2, least: 1000}`,
		"WithoutACondition": `gate: {errors: 1, least: 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: service, upstream: monolith, `+routes+"}\n")
			s.serve(func(echo.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "nothing listens") })
			for range 50 {
				s.send("POST", "/v1/orders", "{}")
			}
			require.Equal(t, route.Service, s.mode("all"))
		})
	}

	t.Run("IfTheProgramFailsAsOften", func(t *testing.T) {
		t.Parallel()
		s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: canary, percent: 50, upstream: monolith, gate: {errors: 0.2, least: 1}}`+"\n")
		s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		s.send("POST", "/v1/orders", "{}", as(accountOn(score.Legacy, 50)))
		s.serve(func(echo.Context) error {
			return fault.Errorf(fault.Transient, fault.Unavailable, "the database of both is away")
		})
		for i := range 50 {
			s.send("POST", "/v1/orders", "{}", as(fmt.Sprintf("cus_%d", i)))
		}
		require.Equal(t, route.Canary, s.mode("all"))
	})

	t.Run("IfTheClientsLeave", func(t *testing.T) {
		t.Parallel()
		s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: service, upstream: monolith, gate: {errors: 0, least: 1}}`+"\n")
		s.serve(func(c echo.Context) error { return c.Request().Context().Err() })
		for range 20 {
			ctx, leave := context.WithCancel(t.Context())
			leave()
			s.sendIn(ctx, "POST", "/v1/orders", "{}")
		}
		require.Equal(t, route.Service, s.mode("all"))
	})
}

// TestACutBackHoldsWithoutADisk: a file that cannot be written must not keep failing services
// in use.
// TestACutBackDoesNotWaitForADisk: another process holds the file, as a volume that hangs does.
func TestACutBackDoesNotWaitForADisk(t *testing.T) {
	t.Parallel()
	s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: service, upstream: monolith, gate: {errors: 0.2, least: 5}}`+"\n")
	held, err := os.OpenFile(s.file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	waiting, set := s.command("all", route.Service, 0), make(chan error, 1)
	waiting.Route.Timeout = time.Minute
	go func() {
		_, err := s.Set(waiting)
		set <- err
	}()
	s.serve(func(echo.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "nothing listens") })
	eventually(t, func() bool {
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			s.send("POST", "/v1/orders", "{}")
		}()
		select {
		case <-answered:
		case <-time.After(time.Second):
			t.Error("a request waits for the disk")
		}
		return t.Failed() || s.mode("all") == route.Legacy
	}, "the route is cut back")
	require.NoError(t, held.Close())
	require.NoError(t, <-set)
	require.Equal(t, route.Legacy, s.mode("all"), "the operator's change does not undo it")
}

func TestACutBackHoldsWithoutADisk(t *testing.T) {
	t.Parallel()
	s := open(t, `  - {name: all, match: ["/v1/{rest...}"], mode: service, upstream: monolith, gate: {errors: 0.2, least: 5}}`+"\n")
	good, err := os.ReadFile(s.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file, []byte("routes: ["), 0o600)) // nor changed
	s.serve(func(echo.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "nothing listens") })
	for range 5 {
		s.send("POST", "/v1/orders", "{}")
	}
	require.Equal(t, route.Legacy, s.mode("all"))
	s.run()
	require.NoError(t, os.WriteFile(s.file, good, 0o600))
	eventually(t, func() bool {
		o, err := s.Overview()
		return err == nil && len(o.Changes) == 1
	}, "it is kept as soon as it can be")
	require.Equal(t, route.Legacy, s.mode("all"))
	_, err = s.Set(s.command("all", route.Legacy, 0))
	require.NoError(t, err)
}
