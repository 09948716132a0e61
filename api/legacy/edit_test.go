package legacy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
)

// TestAnEditOfTheFileNeedsTheGate: by hand no route gets further than by a command.
func TestAnEditOfTheFileNeedsTheGate(t *testing.T) {
	t.Parallel()
	edited := func(mode string) string { return strings.Replace(gated, "mode: shadow", "mode: "+mode, 1) }
	agree := func(s *shop) {
		s.run()
		s.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a": 1}`) })
		s.serve(func(c echo.Context) error { return c.JSON(200, map[string]int{"a": 1}) })
		for i := range 10 {
			s.send("GET", "/v1/orders/1", "")
			eventually(t, func() bool { return s.results(score.Match) == i+1 }, "compared")
		}
	}
	for name, routes := range map[string]string{
		"AShare": edited("canary, percent: 1"), "All": edited("service"), "ARouteThatIsGone": `  - {name: other, match: ["/v2"], upstream: monolith}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, gated)
			s.write(routes)
			for range 3 {
				_, err := s.Look()
				require.ErrorContains(t, err, "orders/mode: is held back by the gate: 0 of 10 answers are compared")
			}
			require.Equal(t, route.Shadow, s.mode("orders"), "nothing has changed")
			o, err := s.Overview()
			require.NoError(t, err)
			require.Contains(t, o.Problem, "0 of 10", "operators see why")
			require.Equal(t, 1, strings.Count(s.log.String(), "is not used"), "it is logged once")
			require.Empty(t, o.Changes)

			agree(s)
			eventually(t, func() bool {
				_, err := s.Look()
				v, _, found := s.Route("orders")
				return err == nil && (!found || v.Serves())
			}, "the gate opens")
			o, err = s.Overview()
			require.NoError(t, err)
			require.Len(t, o.Changes, 1)
			require.Equal(t, "file", o.Changes[0].By)
		})
	}

	t.Run("OnceForAllGateways", func(t *testing.T) {
		t.Parallel()
		s := open(t, gated)
		behind := s.another() // which compares nothing
		s.write(edited("canary, percent: 50"))
		_, err := behind.Look()
		require.Error(t, err, "its own gate is closed, and no other has decided yet")
		agree(s)
		eventually(t, func() bool { return s.mode("orders") == route.Canary }, "that of another gateway is open")
		_, err = behind.Look()
		require.NoError(t, err, "an account is on the same side at both")
		_, err = s.Set(s.command("orders", route.Service, 0))
		require.NoError(t, err)
		_, err = behind.Look()
		require.NoError(t, err, "so it follows commands")
		v, _, _ := behind.Route("orders")
		require.Equal(t, route.Service, v.Mode)
	})

	t.Run("BackIsOpenAndForwardAgainIsNot", func(t *testing.T) {
		t.Parallel()
		s := open(t, gated)
		forced := s.command("orders", route.Service, 0)
		forced.Force = true
		_, err := s.Set(forced)
		require.NoError(t, err)
		s.write(edited("legacy"))
		_, err = s.Look()
		require.NoError(t, err, "back is always open")
		s.write(edited("service"))
		_, err = s.Look()
		require.Error(t, err, "the command of before is over")
		require.Equal(t, route.Legacy, s.mode("orders"))
	})

	t.Run("IsTakenOutByAChange", func(t *testing.T) {
		t.Parallel()
		s := open(t, gated+`  - {name: other, match: ["/v2"], upstream: monolith}`+"\n")
		s.write(edited("service") + `  - {name: other, match: ["/v2"], upstream: monolith}` + "\n")
		_, err := s.Look()
		require.Error(t, err)
		other := s.command("other", route.Legacy, 0)
		other.Route.Timeout = time.Second
		_, err = s.Set(other)
		require.NoError(t, err, "an edit that is held back does not keep operators from acting")
		require.Equal(t, route.Shadow, s.mode("orders"))
		o, err := s.Overview()
		require.NoError(t, err)
		require.Empty(t, o.Problem)
		again := s.another()
		v, _, _ := again.Route("orders")
		require.Equal(t, route.Shadow, v.Mode, "nor does it come back with a restart")
	})
}
