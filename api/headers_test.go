package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/workflows"
)

// TestNoAnswerIsTakenForAPage looks at an answer of every operation, served or refused: a
// browser neither runs, frames nor keeps it, nor lets another site's page read it.
func TestNoAnswerIsTakenForAPage(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	b.temporal.query, b.temporal.list = knows(workflows.StatusConfirmed), registered
	answers := map[string]response{
		"NotFound":    b.do(t, http.MethodGet, "/v1/none", ""),
		"AFile":       b.do(t, http.MethodGet, "/docs/app.js", ""),
		"Preflight":   b.do(t, http.MethodOptions, "/v1/me", "", "Origin: https://evil.example", "Access-Control-Request-Method: PUT"),
		"Unreadable":  b.raw(t, "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{"),
		"Trace":       b.raw(t, "TRACE /v1/me HTTP/1.1\r\nHost: localhost\r\nCookie: a=secret\r\n\r\n"),
		"UnknownHost": b.raw(t, "GET /v1/me HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
	}
	for _, r := range publicRoutes {
		answers[r.operation] = b.do(t, r.method, strings.NewReplacer("{id}", someOrder, "{sku}", "MUG", "{token}", "amv_1_x").Replace(r.path), "", "Origin: "+b.http.URL)
	}
	for name, answer := range answers {
		h := answer.Header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), name)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), name)
		for _, directive := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
			require.Contains(t, h.Get("Content-Security-Policy"), directive, name)
		}
		require.Empty(t, h.Values("Access-Control-Allow-Origin"), name)
		if kind := h.Get("Content-Type"); answer.text != "" {
			require.NotEmpty(t, kind, name)
			require.Equal(t, strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "charset=utf-8"), "%s: %s", name, kind)
		}
	}
	for _, r := range publicRoutes {
		if r.traits.has(asJSON) {
			require.Equal(t, "no-store", answers[r.operation].Header.Get("Cache-Control"), r.operation)
		}
	}
	require.Equal(t, http.StatusMethodNotAllowed, answers["Trace"].StatusCode)
	require.NotContains(t, answers["Trace"].text, "secret")
}
