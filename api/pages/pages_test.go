package pages

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/web/shop/visit"
)

// TestAnUnknownAddressIsAPageForPeople: a browser's reader is told so, a client gets a problem.
func TestAnUnknownAddressIsAPageForPeople(t *testing.T) {
	t.Parallel()
	e := edge.New(edge.Config{Log: slog.New(slog.DiscardHandler), MaxBody: 1 << 20})
	edge.Router{Echo: e}.GET("/v1/products", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	Open(e, true, visit.Site{Log: slog.New(slog.DiscardHandler)})
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for name, c := range map[string]struct {
		method, path, accept string
		status               int
		kind                 string
	}{
		"ABrowser":              {"GET", "/nothing/here", browser, 404, "text/html; charset=utf-8"},
		"ABrowserAtAForm":       {"GET", "/sign-out", browser, 404, "text/html; charset=utf-8"},
		"AClient":               {"GET", "/nothing/here", "application/json", 404, "application/problem+json"},
		"AnyClient":             {"GET", "/nothing/here", "", 404, "application/problem+json"},
		"ABrowserAtAnOperation": {"GET", "/v1/nothing", browser, 404, "application/problem+json"},
		"AForm":                 {"POST", "/nothing/here", browser, 404, "application/problem+json"},
		"AClientAtAForm":        {"GET", "/sign-out", "application/json", 405, "application/problem+json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody)
			r.Header.Set("Accept", c.accept)
			e.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code, w.Body.String())
			require.Equal(t, c.kind, w.Header().Get("Content-Type"))
			if c.kind[:9] == "text/html" {
				require.Contains(t, w.Body.String(), "There is nothing here")
				require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'self'")
				require.Equal(t, "Accept", w.Header().Get("Vary")[:6])
			}
		})
	}
}
