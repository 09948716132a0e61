package legacy_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/proof/transcript"
)

// operations are those of the services under test, as Echo writes them.
var operations = []request.Operation{
	{Method: "GET", Path: "/v1/products/:sku", Optional: true, Copied: true},
	{Method: "GET", Path: "/v1/orders/:id", Copied: true},
	{Method: "POST", Path: "/v1/orders", DryRun: true},
	{Method: "POST", Path: "/v1/orders/:id/cancel"},
	{Method: "GET", Path: "/v1/orders/:id/events", Stream: true},
	{Method: "POST", Path: "/v1/sessions", Open: true},
	{Method: "GET", Path: "/v1/keys", Own: true},
}

const secret = "a secret of 24 characters"

// keys is a verifier to whom amk_X is the key of the account X, and amk_op_X one of an operator.
type keys struct{}

func (keys) Verify(_ context.Context, credential string) (caller.Identity, error) {
	account, ok := strings.CutPrefix(credential, "amk_")
	if !ok || account == "bad" {
		return caller.Identity{}, fault.Errorf(fault.Business, token.Unauthenticated, "no such key")
	}
	i := caller.Identity{Account: account, Key: account}
	if strings.HasPrefix(account, "op_") {
		i.Scopes = []string{"operator"}
	}
	return i, nil
}

func (keys) Watch(ctx context.Context, _ caller.Identity) (context.Context, context.CancelFunc) {
	return ctx, func() {}
}

// shop is a gateway with services and a program behind it. The handlers of both may be changed
// at any time.
type shop struct {
	*legacy.Switch

	t        *testing.T
	echo     *echo.Echo
	file     string
	url      string // of the program
	program  atomic.Pointer[http.HandlerFunc]
	services atomic.Pointer[echo.HandlerFunc]
	cut      atomic.Int64
	log      *transcript.Text

	mu       sync.Mutex
	compared map[string]int
}

// open starts a shop with routes as the file has them; MODE is in the place of an upstream.
func open(t *testing.T, routes string) *shop {
	t.Helper()
	s := &shop{t: t, compared: map[string]int{}, log: &transcript.Text{}}
	s.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"by": "legacy"}`) })
	s.serve(func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"by": "service"}) })
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.program.Load())(w, r) }))
	t.Cleanup(program.Close)
	s.url = program.URL
	s.file = filepath.Join(t.TempDir(), "routes.yaml")
	s.write(routes)
	s.front()
	return s
}

// beside starts another gateway of the same file, program and services, or the same one again.
func (s *shop) beside() *shop {
	other := &shop{t: s.t, compared: map[string]int{}, log: &transcript.Text{}, file: s.file, url: s.url}
	other.serve(*s.services.Load())
	other.front()
	return other
}

// front starts the gateway.
func (s *shop) front() {
	s.echo = edge.New(edge.Config{Log: slog.New(slog.DiscardHandler), MaxBody: edge.DefaultMaxBody})
	for _, o := range operations {
		s.echo.Add(o.Method, o.Path, func(c echo.Context) error { return (*s.services.Load())(c) })
	}
	s.Switch = s.another()
	s.echo.Use(s.Middleware)
}

// another returns a switch with the same file, as another gateway has it.
func (s *shop) another() *legacy.Switch {
	s.t.Helper()
	sw, err := legacy.Open(legacy.Config{
		Settings:     legacy.Settings{File: s.file, Every: 20 * time.Millisecond, Secret: secret},
		Operations:   operations,
		Authenticate: caller.Authenticate(keys{}, caller.Need{}),
		Quota: func(*request.Operation, string) echo.MiddlewareFunc {
			return func(n echo.HandlerFunc) echo.HandlerFunc { return n }
		},
		Observe: legacy.Observer{
			Answered: func(string, string, int, time.Duration) {},
			Compared: func(_, result string) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.compared[result]++
			},
			CutBack: func(string) { s.cut.Add(1) },
		},
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Now: time.Now,
	})
	require.NoError(s.t, err)
	return sw
}

func (s *shop) write(routes string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.file, []byte("upstreams: {monolith: [\""+s.url+"\"]}\nroutes:\n"+routes), 0o600))
}

// run runs the background work until the test ends.
func (s *shop) run() {
	ctx, stop := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		require.NoError(s.t, <-ended)
	})
}

func (s *shop) answer(h http.HandlerFunc) { s.program.Store(&h) }
func (s *shop) serve(h echo.HandlerFunc)  { s.services.Store(&h) }
func (s *shop) results(r score.Result) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compared[string(r)]
}

// send sends a request with header lines such as "Accept: */*".
func (s *shop) send(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return s.sendIn(s.t.Context(), method, path, body, header...)
}

func (s *shop) sendIn(ctx context.Context, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// as returns the header of an account's key.
func as(account string) string { return "Authorization: Bearer amk_" + account }

// side returns the side that answered.
func side(w *httptest.ResponseRecorder) string { return w.Header().Get("Amends-Route") }

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool, claim string) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, time.Millisecond, claim)
}

// mode returns the present mode of a route.
func (s *shop) mode(name string) route.Mode {
	s.t.Helper()
	v, _, found := s.Route(name)
	require.True(s.t, found)
	return v.Mode
}

// canary takes all paths below /v1, at a percentage, has no gate, and is never cut back.
func canary(percent string) string {
	return `  - {name: all, match: ["/v1/{rest...}"], mode: canary, percent: ` + percent + `, upstream: monolith, gate: {compared: 0, errors: 1}}` + "\n"
}

func mode(m route.Mode) string {
	return `  - {name: all, match: ["/v1/{rest...}"], mode: ` + string(m) + `, upstream: monolith, gate: {compared: 0, errors: 1}}` + "\n"
}

// accountOn returns an account that a canary of a percentage has on a side.
func accountOn(side score.Side, percent float64) string {
	r := route.Route{Mode: route.Canary, Percent: percent}
	for i := 0; ; i++ {
		if account := fmt.Sprintf("cus_%d", i); r.Takes(route.Bucket("account "+account)) == (side == score.Service) {
			return account
		}
	}
}
