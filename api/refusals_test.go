package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/limit"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/quota"
)

// TestRefusedCredentialsAreLimited: an address that guesses credentials, or keeps sending one
// that has ended, has the quota of log-ins for it.
func TestRefusedCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	const allowed = 5
	a, now := newAccounts(t), time.Now()
	start := func(t *testing.T) *testBundle {
		t.Helper()
		return shopWith(t, func(c *Config) {
			c.GuestSecret = ""
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			c.Exempt = []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}
			c.Limits.Classes = map[string][]quota.Quota{string(entering): {{Name: "sustained", Count: allowed, Per: time.Minute}}}
			c.Limits.Callers, c.Limits.Now = 100, func() time.Time { return now }
		}, WithLogger(slog.New(slog.DiscardHandler)), WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})),
			WithServices(shop.Services{Catalog: mugs, Inventory: fakeInventory{stock: stocked}}))
	}
	ask := func(t *testing.T, b *testBundle, address string, header ...string) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/v1/products/MUG", "", append(header, "X-Forwarded-For: "+address)...)
	}
	const guess, other = "Authorization: Bearer amk_1_guess", "10.0.0.8"
	requireLimited := func(t *testing.T, r response) {
		t.Helper()
		p := r.refused(t, http.StatusTooManyRequests, problem.QuotaExceeded)
		require.Equal(t, []string{"sustained"}, *p.ViolatedPolicies)
		require.Equal(t, "12", r.Header.Get("Retry-After"), "a fifth of a minute")
		require.Equal(t, `"sustained";q=5;w=60`, r.Header.Get(limit.HeaderPolicy))
		require.Equal(t, `"sustained";r=0;t=60`, r.Header.Get(limit.HeaderState))
	}

	t.Run("ByTheirAddress", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		for range allowed {
			ask(t, b, "10.0.0.7", guess).refused(t, http.StatusUnauthorized, token.Unauthenticated)
		}
		for range 3 {
			requireLimited(t, ask(t, b, "10.0.0.7", guess))
		}
		for _, good := range []string{a.sign(t, "cus_42", "s1", now, customerScopes...), "Authorization: Bearer amk_1_good"} {
			require.Equal(t, http.StatusOK, ask(t, b, "10.0.0.7", good).StatusCode, good)
		}
		require.Equal(t, http.StatusOK, ask(t, b, "10.0.0.7").StatusCode, "nor are requests without a credential")
		ask(t, b, other, guess).refused(t, http.StatusUnauthorized, token.Unauthenticated)
	})

	t.Run("WhateverTheyAre", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		for _, sent := range []string{
			guess, "Authorization: Bearer x",
			a.sign(t, "cus_42", "ended", now, customerScopes...),
			a.sign(t, "cus_42", "s1", now.Add(-token.Lifetime-2*token.Leeway), customerScopes...),
			forAnother(t, a.private, "cus_42", "s1"),
		} {
			ask(t, b, "10.0.0.7", sent).refused(t, http.StatusUnauthorized, token.Unauthenticated)
		}
		requireLimited(t, ask(t, b, "10.0.0.7", guess))
	})

	t.Run("NotThoseOfExemptNetworks", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		for range 3 * allowed {
			r := ask(t, b, "10.9.0.1", guess)
			r.refused(t, http.StatusUnauthorized, token.Unauthenticated)
			require.Empty(t, r.Header.Get(limit.HeaderPolicy))
		}
	})

	t.Run("NotRequestsWithoutACredential", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		for range 3 * allowed {
			b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", "X-Forwarded-For: 10.0.0.7").refused(t, http.StatusUnauthorized, token.Unauthenticated)
		}
		ask(t, b, "10.0.0.7", guess).refused(t, http.StatusUnauthorized, token.Unauthenticated)
	})
}
