package guest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client/guest"
)

func TestAClaimIsSentForItsOrderOnly(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", r.Header.Get("Amends-Claim"))
		if r.Method == http.MethodPost && r.URL.Path == "/shop/v1/orders" {
			w.Header().Set("Location", "/v1/orders/a")
			w.Header().Set("Amends-Claim", "claim of a")
		}
	}))
	t.Cleanup(s.Close)
	c := &http.Client{Transport: guest.New(http.DefaultTransport)}
	seen := func(method, path, own string) string {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, http.NoBody)
		require.NoError(t, err)
		if own != "" {
			r.Header.Set("Amends-Claim", own)
		}
		before := r.Header.Clone()
		answer, err := c.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, before, r.Header, "the request is the caller's")
		return answer.Header.Get("Seen")
	}

	require.Empty(t, seen(http.MethodGet, "/shop/v1/orders/a", ""), "not known yet")
	require.Empty(t, seen(http.MethodPost, "/shop/v1/orders", ""))
	require.Equal(t, "claim of a", seen(http.MethodGet, "/shop/v1/orders/a", ""))
	require.Equal(t, "claim of a", seen(http.MethodPost, "/shop/v1/orders/a/cancel", ""))
	require.Equal(t, "other", seen(http.MethodGet, "/shop/v1/orders/a", "other"))
	require.Empty(t, seen(http.MethodGet, "/shop/v1/orders/ab", ""))
	require.Empty(t, seen(http.MethodGet, "/shop/v1/products/a", ""))
	c.CloseIdleConnections()
}
