package store_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/words"
)

func TestProductsAreListedWithTheirStock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		hidden := product("gone", "Gone", "x", 1, 1)
		hidden.Product.Listed = false
		b.apply(t, stock("mug", "BER", 5, 1), hidden, product("mug", "Mug", "tableware", 1850, 1), stock("mug", "AMS", 2, 1))
		b.apply(t, stock("mug", "BER", 4, 2), stock("mug", "BER", 9, 1))

		page, err := b.Products(t.Context(), query.ProductFilter{Limit: 9})
		require.NoError(t, err)
		require.Equal(t, []query.Product{{SKU: "mug", Name: "Mug", Category: "tableware", Price: money.New(1850, "EUR"), Available: 6}}, page.Products)
		require.Equal(t, query.Facets{
			Categories: []query.Category{{Name: "tableware", Products: 1}}, InStock: 1, Total: 1,
			Prices: []query.PriceRange{{Min: money.New(1850, "EUR"), Max: money.New(1850, "EUR")}},
		}, page.Facets)
		all, err := b.Categories(t.Context())
		require.NoError(t, err)
		require.Equal(t, page.Facets.Categories, all.Categories)

		b.apply(t, product("mug", "Cup", "cups", 10, 2))
		page, err = b.Products(t.Context(), query.ProductFilter{Text: "mug cup", Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Products, 1)
		require.Equal(t, int64(6), page.Products[0].Available)
	})
}

// named reports whether all words of a search are in the name.
func named(text string, p query.Product) bool { return hasWords(text, p.Name) }

func hasWords(text string, in ...string) bool {
	have := words.Of(in...)
	for _, w := range words.Of(text) {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

func TestAListOfProductsHasThoseOfItsFilterOnceInItsOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		r := rand.New(rand.NewPCG(7, 8))
		var all []query.Product
		var changes []query.Change
		for n := range 40 {
			p := query.Product{
				SKU: fmt.Sprintf("sku%02d", n), Name: one(r, "tea", "green tea", "mug", "tea mug", "kettle"), Category: one(r, "tea", "cups", "mugs"),
				Price: money.New(int64(r.IntN(5)), one[money.Currency](r, "EUR", "EUR", "USD")), Available: int64(r.IntN(2)), Description: one(r, "", "with tea"),
			}
			c := product(p.SKU, p.Name, p.Category, p.Price.Minor, 1)
			c.Product.Description, c.Product.Price = p.Description, p.Price
			all, changes = append(all, p), append(changes, c, stock(p.SKU, "BER", p.Available, 1))
		}
		b.apply(t, changes...)
		yes, no, two := true, false, int64(2)
		for range 80 {
			f := query.ProductFilter{
				Text: one(r, "", "tea", "te mu", "TEA!", "sku1", "none"), Category: one(r, "", "", "tea", "none"), InStock: one(r, nil, &yes, &no),
				MinPrice: one(r, nil, nil, &two), MaxPrice: one(r, nil, nil, &two), Limit: 1 + r.IntN(9),
				Sort: one(r, "", query.ByRelevance, query.ByName, query.ByPrice, query.ByPriceDown),
			}
			var want []query.Product
			counts, facets := map[string]int64{}, query.Facets{}
			for _, p := range all {
				if !hasWords(f.Text, p.SKU, p.Name, p.Category, p.Description) || f.InStock != nil && *f.InStock != (p.Available > 0) ||
					f.MinPrice != nil && p.Price.Minor < 2 || f.MaxPrice != nil && p.Price.Minor > 2 {
					continue
				}
				counts[p.Category]++
				if f.Category == "" || f.Category == p.Category {
					want = append(want, p)
					facets.Total, facets.InStock = facets.Total+1, facets.InStock+p.Available
				}
			}
			for _, name := range slices.Sorted(maps.Keys(counts)) {
				facets.Categories = append(facets.Categories, query.Category{Name: name, Products: counts[name]})
			}
			for _, c := range []money.Currency{"EUR", "USD"} {
				var prices []int64
				for _, p := range want {
					if p.Price.Currency == c {
						prices = append(prices, p.Price.Minor)
					}
				}
				if len(prices) > 0 {
					facets.Prices = append(facets.Prices, query.PriceRange{Min: money.New(slices.Min(prices), c), Max: money.New(slices.Max(prices), c)})
				}
			}
			slices.SortFunc(want, func(x, y query.Product) int {
				switch f.Sort {
				case query.ByPrice:
					return cmp.Or(cmp.Compare(x.Price.Minor, y.Price.Minor), cmp.Compare(x.SKU, y.SKU))
				case query.ByPriceDown:
					return cmp.Or(cmp.Compare(y.Price.Minor, x.Price.Minor), cmp.Compare(x.SKU, y.SKU))
				case query.ByName:
					return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.SKU, y.SKU))
				}
				rank := func(p query.Product) int {
					if named(f.Text, p) {
						return 0
					}
					return 1
				}
				return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x.Name, y.Name), cmp.Compare(x.SKU, y.SKU))
			})
			var got []query.Product
			for {
				page, err := b.Products(t.Context(), f)
				require.NoError(t, err)
				require.Equal(t, facets, page.Facets, "%+v", f)
				got = append(got, page.Products...)
				if f.Cursor = page.Next; f.Cursor == "" {
					break
				}
			}
			require.Equal(t, want, got, "%+v", f)
		}
		page, err := b.Products(t.Context(), query.ProductFilter{Sort: query.ByName, Limit: 1})
		require.NoError(t, err)
		_, err = b.Products(t.Context(), query.ProductFilter{Sort: query.ByPrice, Limit: 1, Cursor: page.Next})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "a cursor of another order")
	})
}
