package signin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
)

// gate knows one operator and one account, whose tokens live for ten minutes.
type gate struct {
	now     time.Time
	granted int  // tokens
	ended   bool // the account's session
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func() {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(contract.Problem{Status: 401, Code: "UNAUTHORIZED", Title: "no"})
	}
	switch r.URL.Path {
	case "/v1/operator":
		switch r.Header.Get("Authorization") {
		case "Bearer night-night-night-1":
			_ = json.NewEncoder(w).Encode(contract.Operator{Name: "night", Role: contract.RoleOperator})
		case "Bearer token 1":
			_ = json.NewEncoder(w).Encode(contract.Operator{Name: "account mia", Role: contract.RoleSupport})
		default:
			refuse()
		}
	default:
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(contract.Problem{Status: 503, Code: "UNAVAILABLE", Title: "the caller has left"})
			return
		}
		var in struct{ Password, RefreshToken string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		if g.ended || r.URL.Path == "/v1/sessions" && in.Password != "right" {
			refuse()
			return
		}
		g.granted++
		name := "token " + string(rune('0'+g.granted))
		_ = json.NewEncoder(w).Encode(contract.Tokens{AccessToken: &name, RefreshToken: new("refresh"), AccessExpiresAt: g.now.Add(10 * time.Minute)})
	}
}

func setup() (*gate, *Sessions) {
	g := &gate{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return g, &Sessions{Admin: g, API: g, Below: "/console", Now: func() time.Time { return g.now }}
}

// with returns a request with the cookies of an answer.
func with(t *testing.T, w *httptest.ResponseRecorder) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/", http.NoBody)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	return r
}

func TestASessionEndsWithoutRequestsAndAfterItsTime(t *testing.T) {
	t.Parallel()
	g, s := setup()
	w := httptest.NewRecorder()
	one, err := s.WithSecret(w, fresh(t), "night-night-night-1")
	require.NoError(t, err)
	require.True(t, one.Acts())
	r := with(t, w)
	began := g.now
	for g.now.Sub(began) < Longest {
		require.Same(t, one, s.Of(r, true))
		g.now = g.now.Add(Idle)
	}
	g.now = began.Add(Longest + 1)
	require.Nil(t, s.Of(r, true), "it was used all the time")

	w = httptest.NewRecorder()
	one, err = s.WithSecret(w, fresh(t), "night-night-night-1")
	require.NoError(t, err)
	r = with(t, w)
	g.now = g.now.Add(Idle)
	require.Same(t, one, s.Of(r, false), "a stream does not prolong it")
	g.now = g.now.Add(1)
	require.Nil(t, s.Of(r, true))
}

func TestAWrongSecretOpensNoSession(t *testing.T) {
	t.Parallel()
	_, s := setup()
	w := httptest.NewRecorder()
	_, err := s.WithSecret(w, fresh(t), "wrong")
	require.Equal(t, "UNAUTHORIZED", ask.CodeOf(err))
	_, err = s.WithPassword(w, fresh(t), "mia@example.com", "wrong")
	require.Equal(t, "UNAUTHORIZED", ask.CodeOf(err))
	require.Empty(t, w.Result().Cookies())
}

func TestTheTokenOfAnAccountIsRefreshedInTime(t *testing.T) {
	t.Parallel()
	g, s := setup()
	w := httptest.NewRecorder()
	one, err := s.WithPassword(w, fresh(t), "mia@example.com", "right")
	require.NoError(t, err)
	require.False(t, one.Acts())
	bearer := func() string {
		text, err := one.Bearer(t.Context(), g.now)
		require.NoError(t, err)
		return text
	}
	require.Equal(t, "token 1", bearer())
	g.now = g.now.Add(9*time.Minute + 31*time.Second)
	require.Equal(t, "token 2", bearer())
	g.ended, g.now = true, g.now.Add(time.Hour)
	_, err = one.Bearer(t.Context(), g.now)
	require.Equal(t, http.StatusUnauthorized, ask.StatusOf(err))
}

func TestATabThatClosesLosesNoToken(t *testing.T) {
	t.Parallel()
	g, s := setup()
	one, err := s.WithPassword(httptest.NewRecorder(), fresh(t), "mia@example.com", "right")
	require.NoError(t, err)
	g.now = g.now.Add(time.Hour)
	closed, cancel := context.WithCancel(t.Context())
	cancel()
	text, err := one.Bearer(closed, g.now)
	require.NoError(t, err)
	require.Equal(t, "token 2", text)
}

func TestASessionIsOpenUntilItEndsOrIsOver(t *testing.T) {
	t.Parallel()
	g, s := setup()
	one, err := s.WithSecret(httptest.NewRecorder(), fresh(t), "night-night-night-1")
	require.NoError(t, err)
	require.True(t, s.Open(one))
	g.now = g.now.Add(Idle + 1)
	require.False(t, s.Open(one))
	g.now = g.now.Add(-2)
	require.True(t, s.Open(one))
	s.Forget(one)
	require.False(t, s.Open(one))
}

func TestOldSessionsMakeRoom(t *testing.T) {
	t.Parallel()
	g, s := setup()
	first := httptest.NewRecorder()
	_, err := s.WithSecret(first, fresh(t), "night-night-night-1")
	require.NoError(t, err)
	for range most {
		g.now = g.now.Add(time.Millisecond)
		w := httptest.NewRecorder()
		_, err := s.WithSecret(w, fresh(t), "night-night-night-1")
		require.NoError(t, err)
	}
	require.Len(t, s.open, most)
	require.Nil(t, s.Of(with(t, first), true), "the one that was used the longest ago")
}

// fresh returns a request without cookies.
func fresh(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/", http.NoBody)
}
