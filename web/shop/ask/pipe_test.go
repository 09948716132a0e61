package ask

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
)

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"sku":`))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	program := httptest.NewServer(http.HandlerFunc(half))
	t.Cleanup(program.Close)
	address, err := url.Parse(program.URL)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		api    http.HandlerFunc
		logged string
	}{
		"InItsBody":       {half, ""},
		"BeforeItBegins":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"ByAnotherPanic":  {func(http.ResponseWriter, *http.Request) { panic("4111 1111 1111 1111") }, "type=string"},
		"OfAnotherServer": {httputil.NewSingleHostReverseProxy(address).ServeHTTP, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			// A page is served by a server, whose context makes the proxy panic.
			ctx := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{})
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/cart", http.NoBody)
			v := New(c.api, httptest.NewRecorder(), r, "", slog.New(slog.NewTextHandler(&log, nil)))
			_, _, err := Read[client.Product](v.API().GetProduct(ctx, "MUG"))
			require.ErrorIs(t, err, errBroken)
			require.Equal(t, http.StatusInternalServerError, StatusOf(err))
			require.Equal(t, c.logged != "", log.Len() > 0, log.String())
			require.Contains(t, log.String(), c.logged)
			require.NotContains(t, log.String(), "4111", "the value of a panic may hold anything")
		})
	}
}
