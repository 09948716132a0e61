package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/words"
)

// productPlace is the place of a product in a list of one sort.
type productPlace struct {
	Sort  query.Sort `json:"o"`
	Rank  int        `json:"r,omitempty"`
	Price int64      `json:"p,omitempty"`
	Name  string     `json:"n,omitempty"`
	SKU   string     `json:"s"`
}

type rankedRow struct {
	Row  rows.Product `gorm:"embedded"`
	Rank int
}

// Products implements [query.Service].
func (s *Store) Products(ctx context.Context, f query.ProductFilter) (query.ProductPage, error) {
	sort, err := query.ParseSort(string(f.Sort))
	if err == nil {
		err = checkPage(f.Limit, f.Text)
	}
	if err != nil {
		return query.ProductPage{}, err //nolint:wrapcheck // a fault
	}
	var after productPlace
	if f.Cursor != "" {
		if err := decode(f.Cursor, &after); err != nil {
			return query.ProductPage{}, err
		}
		switch {
		case after.Sort != sort:
			return query.ProductPage{}, invalid("the cursor is from a list in another order")
		case after.Rank < 0 || after.Rank > 1:
			return query.ProductPage{}, invalid("the cursor is not from a page of this list")
		}
	}
	h, err := s.head(ctx)
	if err != nil {
		return query.ProductPage{}, err
	}
	q := s.products(ctx, h.Generation, f)
	page := query.ProductPage{AsOf: h.AsOf()}
	if page.Products, page.Next, err = s.listed(ctx, q, sort, f, after); err == nil {
		page.Facets, err = s.facets(ctx, q, f)
	}
	return page, database.Fault(err)
}

// productQuery is a query for products, with their alias p.
type productQuery struct {
	selection

	rank     string // 0 for those with all words in their name, else 1
	rankArgs []any
}

// products returns the products of a filter, its category and its cursor apart.
func (s *Store) products(ctx context.Context, generation int64, f query.ProductFilter) productQuery {
	q := productQuery{rank: "0"}
	q.from = "products AS p"
	if wanted := words.Query(f.Text, query.MaxWords); len(wanted) > 0 {
		db := s.db.WithContext(ctx)
		m := search.Products.Find(db, generation, wanted)
		q.from = m.From + " " + m.Join + " products AS p ON p.seq = " + m.Seq
		q.and(m.Where, m.Arg)
		named, arg := search.Products.Named(db, generation, wanted)
		q.rank, q.rankArgs = "CASE WHEN "+named+" THEN 0 ELSE 1 END", []any{arg}
	}
	q.and("p.generation = ? AND p.listed", generation)
	if f.MinPrice != nil {
		q.and("p.price_minor >= ?", *f.MinPrice)
	}
	if f.MaxPrice != nil {
		q.and("p.price_minor <= ?", *f.MaxPrice)
	}
	switch {
	case f.InStock == nil:
	case *f.InStock:
		q.and("p.available > 0")
	default:
		q.and("p.available <= 0")
	}
	return q
}

// in narrows q to a category.
func (q productQuery) in(category string) productQuery {
	if category != "" {
		q.where, q.args = slices.Clone(q.where), slices.Clone(q.args)
		q.and("p.category = ?", text(category))
	}
	return q
}

func (q productQuery) statement(columns string) string {
	return "SELECT " + columns + " FROM " + q.from + " WHERE " + strings.Join(q.where, " AND ")
}

// orders has the order of each sort, and the condition for those behind a place.
var orders = map[query.Sort]struct {
	by, behind string
	args       func(p productPlace) []any
}{
	query.ByRelevance: {"rank, name, sku", "(rank, name, sku) > (?, ?, ?)", func(p productPlace) []any { return []any{p.Rank, p.Name, p.SKU} }},
	query.ByName:      {"name, sku", "(name, sku) > (?, ?)", func(p productPlace) []any { return []any{p.Name, p.SKU} }},
	query.ByPrice:     {"price_minor, sku", "(price_minor, sku) > (?, ?)", func(p productPlace) []any { return []any{p.Price, p.SKU} }},
	query.ByPriceDown: {
		"price_minor DESC, sku", "(price_minor < ? OR price_minor = ? AND sku > ?)",
		func(p productPlace) []any { return []any{p.Price, p.Price, p.SKU} },
	},
}

// listed returns a page of products and the cursor of the next one.
func (s *Store) listed(ctx context.Context, q productQuery, sort query.Sort, f query.ProductFilter, after productPlace) ([]query.Product, string, error) {
	in, order := q.in(f.Category), orders[sort]
	statement := "SELECT * FROM (" + in.statement("p.*, "+q.rank+" AS rank") + ") AS found"
	args := append(slices.Clone(q.rankArgs), in.args...)
	if f.Cursor != "" {
		after.Name, after.SKU = text(after.Name), text(after.SKU)
		statement, args = statement+" WHERE "+order.behind, append(args, order.args(after)...)
	}
	var found []rankedRow
	err := s.db.WithContext(ctx).Raw(statement+" ORDER BY "+order.by+" LIMIT ?", append(args, f.Limit+1)...).Scan(&found).Error
	if err != nil {
		return nil, "", fmt.Errorf("list products: %w", err)
	}
	next := ""
	if len(found) > f.Limit {
		found = found[:f.Limit]
		last := found[f.Limit-1]
		next = encode(productPlace{sort, last.Rank, last.Row.PriceMinor, last.Row.Name, last.Row.SKU})
	}
	products := make([]query.Product, len(found))
	for i, r := range found {
		products[i] = r.Row.Product()
	}
	return products, next, nil
}

// facets counts the products of a filter.
func (s *Store) facets(ctx context.Context, q productQuery, f query.ProductFilter) (query.Facets, error) {
	var all query.Facets
	var err error
	if all.Categories, err = s.categories(ctx, q); err != nil {
		return query.Facets{}, err
	}
	q = q.in(f.Category)
	var found []struct {
		PriceCurrency string
		Low, High     int64
		Stocked       int64
		Total         int64
	}
	statement := q.statement(`p.price_currency, min(p.price_minor) AS low, max(p.price_minor) AS high,
		count(CASE WHEN p.available > 0 THEN 1 END) AS stocked, count(*) AS total`) + " GROUP BY p.price_currency"
	if err := s.db.WithContext(ctx).Raw(statement, q.args...).Scan(&found).Error; err != nil {
		return query.Facets{}, fmt.Errorf("count products: %w", err)
	}
	for _, r := range found {
		all.InStock, all.Total = all.InStock+r.Stocked, all.Total+r.Total
		currency := money.Currency(r.PriceCurrency)
		all.Prices = append(all.Prices, query.PriceRange{Min: money.New(r.Low, currency), Max: money.New(r.High, currency)})
	}
	slices.SortFunc(all.Prices, func(a, b query.PriceRange) int { return cmp.Compare(a.Min.Currency, b.Min.Currency) })
	return all, nil
}

// categories counts the products of q in each category, by its name.
func (s *Store) categories(ctx context.Context, q productQuery) ([]query.Category, error) {
	var all []query.Category
	statement := q.statement("p.category AS name, count(*) AS products") + " GROUP BY p.category"
	if err := s.db.WithContext(ctx).Raw(statement, q.args...).Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("count the products of categories: %w", err)
	}
	// Not in SQL: databases and collations disagree on the order of text.
	slices.SortFunc(all, func(a, b query.Category) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Categories implements [query.Service].
func (s *Store) Categories(ctx context.Context) (query.Categories, error) {
	h, err := s.head(ctx)
	if err != nil {
		return query.Categories{}, err
	}
	all, err := s.categories(ctx, s.products(ctx, h.Generation, query.ProductFilter{}))
	return query.Categories{Categories: all, AsOf: h.AsOf()}, database.Fault(err)
}
