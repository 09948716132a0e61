package shop

import (
	"context"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/query"
)

const noProducts = "The products cannot be listed right now."

// ListProducts finds products.
func (h *Handlers) ListProducts(ctx context.Context, r contract.ListProductsRequestObject) (contract.ListProductsResponseObject, error) {
	p := r.Params
	page, err := h.reader.Products(ctx, query.ProductFilter{
		Text: parameter.Value(p.Q), Category: parameter.Value(p.Category), InStock: p.InStock, MinPrice: p.MinPrice, MaxPrice: p.MaxPrice,
		Sort: query.Sort(parameter.Value(p.Sort)), Limit: parameter.Limit(p.Limit), Cursor: parameter.Value(p.Cursor),
	})
	if err != nil {
		return nil, problem.Unlisted(err, noProducts)
	}
	out := contract.ProductList{Products: []contract.ListedProduct{}, Facets: facets(page.Facets), NextCursor: optional(page.Next)}
	for _, p := range page.Products {
		out.Products = append(out.Products, contract.ListedProduct{
			Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Price: price(p.Price), Available: p.Available,
		})
	}
	return contract.ListProducts200JSONResponse{Body: out, Headers: contract.ListProducts200ResponseHeaders{AmendsAsOf: header.AsOf(page.AsOf)}}, nil
}

// ListCategories lists the categories of products.
func (h *Handlers) ListCategories(ctx context.Context, _ contract.ListCategoriesRequestObject) (contract.ListCategoriesResponseObject, error) {
	all, err := h.reader.Categories(ctx)
	if err != nil {
		return nil, problem.Unlisted(err, noProducts)
	}
	return contract.ListCategories200JSONResponse{
		Body:    contract.CategoryList{Categories: categories(all.Categories)},
		Headers: contract.ListCategories200ResponseHeaders{AmendsAsOf: header.AsOf(all.AsOf)},
	}, nil
}

// facets renders counts; no list is null.
func facets(f query.Facets) contract.Facets {
	out := contract.Facets{Categories: categories(f.Categories), InStock: f.InStock, Total: f.Total, Prices: []contract.PriceRange{}}
	for _, p := range f.Prices {
		out.Prices = append(out.Prices, contract.PriceRange{Currency: string(p.Min.Currency), Min: p.Min.Minor, Max: p.Max.Minor})
	}
	return out
}

func categories(all []query.Category) []contract.Category {
	out := []contract.Category{}
	for _, c := range all {
		out = append(out, contract.Category{Name: c.Name, Products: c.Products})
	}
	return out
}

func price(a money.Amount) contract.Money {
	return contract.Money{Amount: a.Minor, Currency: string(a.Currency)}
}
