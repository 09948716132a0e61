package catalog

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the catalog service. It owns products and their prices.
type Service interface {
	// Quote prices the lines from the prices of now and records the answer under
	// k: a repeat returns the recorded quote, also when prices have changed since.
	// It refuses with UNKNOWN_SKU (no such product, or not active) and
	// CURRENCY_MISMATCH (priced in another currency); a refusal is recorded too.
	Quote(ctx context.Context, k key.Key, req QuoteRequest) (Quote, error)

	// Import inserts or replaces products by SKU, all or none. A repeat changes nothing.
	Import(ctx context.Context, products []Product) error

	// Product returns one product, or NOT_FOUND.
	Product(ctx context.Context, sku string) (Product, error)
}
