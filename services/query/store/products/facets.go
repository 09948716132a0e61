package products

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
	"github.com/amends/amends/services/query/store/search"
)

// group has the counts of the products of a category that cost one currency.
type group struct {
	Category, PriceCurrency string
	Low, High               int64 // prices
	Stocked, Total          int64 // products
}

// groups counts the products of q in one statement, those of all categories. SQLite reads
// the index that has them in the order of the groups, unless a search finds few.
func (s *Store) groups(ctx context.Context, q selection) (all []group, err error) {
	db, index := s.db.WithContext(ctx), ""
	if s.db.Name() == "sqlite" {
		index = "products_facets"
	}
	var m *search.Match
	if len(q.wanted) > 0 {
		m = new(search.Products.Find(db, q.generation, q.wanted))
		more, err := m.More(db, q.many)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the operation
		}
		if !more {
			index = ""
		}
	}
	statement, args := q.statement(`p.category, p.price_currency, min(p.price_minor) AS low, max(p.price_minor) AS high,
		count(CASE WHEN p.available > 0 THEN 1 END) AS stocked, count(*) AS total`, m, index)
	if err := db.Raw(statement+" GROUP BY p.category, p.price_currency", args...).Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("count products: %w", err)
	}
	return all, nil
}

// facets counts the products of q.
func (s *Store) facets(ctx context.Context, q selection) (query.Facets, error) {
	groups, err := s.groups(ctx, q)
	if err != nil {
		return query.Facets{}, err
	}
	var all query.Facets
	categories, prices := map[string]int64{}, map[money.Currency]query.PriceRange{}
	for _, g := range groups {
		categories[g.Category] += g.Total
		if q.filter.Category != "" && q.filter.Category != g.Category {
			continue
		}
		all.InStock, all.Total = all.InStock+g.Stocked, all.Total+g.Total
		c := money.Currency(g.PriceCurrency)
		low, high := g.Low, g.High
		if r, known := prices[c]; known {
			low, high = min(low, r.Min.Minor), max(high, r.Max.Minor)
		}
		prices[c] = query.PriceRange{Min: money.New(low, c), Max: money.New(high, c)}
	}
	for name, n := range categories {
		all.Categories = append(all.Categories, query.Category{Name: name, Products: n})
	}
	for _, r := range prices {
		all.Prices = append(all.Prices, r)
	}
	// Not in SQL: databases and collations disagree on the order of text.
	slices.SortFunc(all.Categories, func(a, b query.Category) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(all.Prices, func(a, b query.PriceRange) int { return cmp.Compare(a.Min.Currency, b.Min.Currency) })
	return all, nil
}

// Categories implements [query.Products].
func (s *Store) Categories(ctx context.Context) (query.Categories, error) {
	h, err := rows.FindHead(ctx, s.db)
	if err != nil {
		return query.Categories{}, err //nolint:wrapcheck // a fault
	}
	q, err := s.products(ctx, h.Generation, query.ProductFilter{})
	if err != nil {
		return query.Categories{}, database.Fault(err)
	}
	all, err := s.facets(ctx, q)
	return query.Categories{Categories: all.Categories, AsOf: h.AsOf()}, database.Fault(err)
}
