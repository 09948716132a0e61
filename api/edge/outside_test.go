package edge_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge"
)

// TestClaimsFromOutsideAreRemoved: a handler that trusted one of them would believe any
// client.
func TestClaimsFromOutsideAreRemoved(t *testing.T) {
	t.Parallel()
	e := edge.New(edge.Config{
		Log: slog.New(slog.DiscardHandler), MaxBody: edge.DefaultMaxBody, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	var seen http.Header
	var address string
	e.GET("/", func(c echo.Context) error {
		seen, address = c.Request().Header, c.RealIP()
		return c.NoContent(http.StatusOK)
	})
	ask := func(socket string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = socket
		for _, claim := range []string{
			"Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "X-User-Id", "X-User-Roles", "X-Authenticated-User",
			"X-Original-URL", "X-HTTP-Method-Override", "X-Client-Cert-Subject", "X-Amends-Account",
		} {
			r.Header.Set(claim, "operator")
		}
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		r.Header.Set("Accept", "application/json")
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("10.0.0.1:1")
	require.Equal(t, http.Header{"Accept": {"application/json"}}, seen)
	require.Equal(t, "192.0.2.7", address, "the proxy is trusted with the address, and with nothing else")
	ask("198.51.100.1:1")
	require.Equal(t, http.Header{"Accept": {"application/json"}}, seen)
	require.Equal(t, "198.51.100.1", address)
}
