package catalog

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the catalog service. It owns products, their prices and categories.
type Service interface {
	Direct

	// Quote prices the lines at current prices and records the answer under k: a
	// repeat returns the recorded quote, even if prices have changed since. It refuses
	// with UNKNOWN_SKU (no such product, not active, or without a price),
	// CURRENCY_MISMATCH (priced in another currency), AMOUNT_OVERFLOW (the total does
	// not fit into 64 bits) and INVALID (no line, a quantity below 1); a refusal is
	// recorded too. The same k with other lines or another currency is a bug
	// (REQUEST_MISMATCH).
	Quote(ctx context.Context, k key.Key, req QuoteRequest) (Quote, error)
}

// Direct is the part of the service that is called directly, not as a step of a saga. A
// method may refuse with INVALID a SKU of more than 255 characters: there is none.
type Direct interface {
	// Import inserts or replaces products by SKU, all or none, and creates the
	// categories they name. A repeat changes nothing. It refuses with INVALID, naming
	// the product, if a product breaks a rule or a SKU is given twice.
	Import(ctx context.Context, products []Product) error

	// Product returns one product, or NOT_FOUND.
	Product(ctx context.Context, sku string) (Product, error)

	// Products returns up to limit products, 1 to [MaxPage], with greater SKUs than
	// after, by SKU. A shorter page is the last. It refuses with INVALID another limit.
	Products(ctx context.Context, after string, limit int) ([]Product, error)
}
