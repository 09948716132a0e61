package shop

import (
	"context"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
)

// Optional is how long an answer waits for a part that it can do without.
const Optional = 300 * time.Millisecond

// The parts of a product.
const (
	partProduct = "product"
	partStock   = "stock"
)

var productPolicies = map[string]gather.Policy{
	partProduct: {Required: true},
	partStock:   {Within: Optional},
}

// GetProduct returns a product with its stock.
func (h *Handlers) GetProduct(ctx context.Context, r contract.GetProductRequestObject) (contract.GetProductResponseObject, error) {
	if !inventory.ValidSKU(r.Sku) {
		return nil, noProduct()
	}
	var out contract.Product
	asOf := time.Now().UTC()
	missing, err := gather.Gather(ctx, productPolicies,
		gather.Of(partProduct, func(ctx context.Context) (catalog.Product, error) { return h.reader.Product(ctx, r.Sku) }, func(p catalog.Product) {
			out.Sku, out.Name, out.Category, out.Active = p.SKU, p.Name, optional(p.Category), p.Active
			out.Description = optional(p.Description)
			if p.Priced() {
				out.Price = &contract.Money{Amount: p.Price.Minor, Currency: string(p.Price.Currency)}
			}
		}),
		gather.Of(partStock, func(ctx context.Context) ([]inventory.Stock, error) { return h.reader.Stock(ctx, r.Sku) }, func(all []inventory.Stock) {
			out.Stock = &contract.ProductStock{AsOf: asOf} // 0 units if no warehouse ever received it
			for _, s := range all {
				out.Stock.Available += s.Available
			}
		}),
	)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return nil, noProduct()
	case err != nil:
		return nil, Unanswered(err, "The product cannot be read right now.")
	}
	out.Missing = RenderMissing(missing)
	return contract.GetProduct200JSONResponse{Body: out, Headers: contract.GetProduct200ResponseHeaders{CacheControl: new("no-store")}}, nil
}

// RenderMissing renders the parts that an answer has to do without; the list is never null.
func RenderMissing(all []gather.Missing) contract.Missing {
	out := contract.Missing{}
	for _, m := range all {
		out = append(out, contract.MissingPart{Part: m.Part, Code: string(m.Code)})
	}
	return out
}

func noProduct() error { return problem.New(fault.NotFound, "The catalog has no such product.") }

// optional returns nil for the empty string, which is left out of an answer.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
