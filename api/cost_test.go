package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/quota"
)

// anyone accepts every token.
type anyone struct{}

func (anyone) Verify(context.Context, string) (caller.Identity, error) {
	return caller.Identity{Account: "cus_42", Scopes: customerScopes}, nil
}

func (anyone) Watch(ctx context.Context, _ caller.Identity) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

// BenchmarkGateway shows the gateway's own cost of a request that is checked, limited,
// logged, and answered by services that take no time.
func BenchmarkGateway(b *testing.B) {
	serve := func(b *testing.B, change func(*Config)) {
		b.Helper()
		c := DefaultConfig()
		c.Orders.Queue = "order"
		c.Limits.Callers = 100_000
		change(&c)
		s, err := New(c, nil, WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), WithVerifier(anyone{}), //nolint:sloglint // writing the line is a part of the cost
			WithServices(shop.Services{Catalog: mugs, Inventory: fakeInventory{stock: stocked}}))
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost/v1/products/MUG", http.NoBody)
			r.Header.Set("Authorization", "Bearer token")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatal(w.Body.String())
			}
		}
	}
	b.Run("Limited", func(b *testing.B) {
		serve(b, func(c *Config) {
			c.Limits.Classes = map[string][]quota.Quota{string(browsing): {
				{Name: "burst", Count: 1_000_000, Per: time.Second}, {Name: "sustained", Count: 1_000_000, Per: time.Minute},
			}}
		})
	})
	b.Run("Exempt", func(b *testing.B) {
		serve(b, func(c *Config) { c.Exempt = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} })
	})
}
