// Package products lists and counts the products of the read model.
package products

import (
	"context"
	"fmt"
	"math"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/list"
	"github.com/amends/amends/services/query/store/rows"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/words"
)

// place is the place of a product in a list of one sort.
type place struct {
	Sort  query.Sort `json:"o"`
	Rank  int        `json:"r,omitempty"`
	Price int64      `json:"p,omitempty"`
	Name  string     `json:"n,omitempty"`
	SKU   string     `json:"s"`
}

// Store implements [query.Products] on a database. It is safe for concurrent use.
type Store struct{ db *gorm.DB }

var _ query.Products = (*Store)(nil)

// New returns a store on db, which must be migrated to the schema of package store.
func New(db *gorm.DB) *Store { return &Store{db} }

// Products implements [query.Products].
func (s *Store) Products(ctx context.Context, f query.ProductFilter) (query.ProductPage, error) {
	sort, err := query.ParseSort(string(f.Sort))
	if err == nil {
		err = list.Check(f.Limit, f.Text)
	}
	if err != nil {
		return query.ProductPage{}, err //nolint:wrapcheck // a fault
	}
	var after *place
	if f.Cursor != "" {
		after = &place{}
		if err := list.Decode(f.Cursor, after); err != nil {
			return query.ProductPage{}, err
		}
		switch {
		case after.Sort != sort:
			return query.ProductPage{}, invalid("the cursor is from a list in another order")
		case after.Rank < 0 || after.Rank > 1:
			return query.ProductPage{}, invalid("the cursor is not from a page of this list")
		}
	}
	h, err := rows.FindHead(ctx, s.db)
	if err != nil {
		return query.ProductPage{}, err //nolint:wrapcheck // a fault
	}
	page := query.ProductPage{AsOf: h.AsOf()}
	q, err := s.products(ctx, h.Generation, f)
	if err == nil {
		page.Facets, err = s.facets(ctx, q)
	}
	if err == nil {
		page.Products, page.Next, err = s.listed(ctx, q, sort, page.Facets.Total, after)
	}
	return page, database.Fault(err)
}

// selection is a query for the products of a filter, with their alias p.
type selection struct {
	list.Where // without the search and the category

	generation int64
	filter     query.ProductFilter
	wanted     []string // the words of the search
	// many is a number of products that are quicker found by walking along an index of all
	// than one by one.
	many int64
}

// products returns the products of a filter, its category apart.
func (s *Store) products(ctx context.Context, generation int64, f query.ProductFilter) (selection, error) {
	q := selection{generation: generation, filter: f, wanted: words.Query(f.Text, query.MaxWords), many: math.MaxInt64}
	q.And("p.generation = ? AND p.listed", generation)
	if f.MinPrice != nil {
		q.And("p.price_minor >= ?", *f.MinPrice)
	}
	if f.MaxPrice != nil {
		q.And("p.price_minor <= ?", *f.MaxPrice)
	}
	switch {
	case f.InStock == nil:
	case *f.InStock:
		q.And("p.available > 0")
	default:
		q.And("p.available <= 0")
	}
	if s.db.Name() != "sqlite" {
		return q, nil // its planner has statistics
	}
	err := s.db.WithContext(ctx).Raw("SELECT coalesce(max(seq), 0) / 8 FROM products WHERE generation = ?", generation).Scan(&q.many).Error
	if err != nil {
		return q, fmt.Errorf("count the products: %w", err)
	}
	return q, nil
}

// statement selects columns of the products of q that m finds, too, unless it is nil. With
// the name of an index SQLite walks along it.
func (q selection) statement(columns string, m *search.Match, index string) (string, []any) {
	from, where := "products AS p", q.Clone()
	if index != "" {
		from += " INDEXED BY " + index
	}
	if m != nil {
		found := m.Where
		if index != "" {
			found = m.Within("p.seq")
		} else {
			from = m.From + " " + m.Join + " products AS p ON p.seq = " + m.Seq
		}
		where.And(found, m.Args...)
	}
	return "SELECT " + columns + " FROM " + from + " WHERE " + where.String(), where.Args
}

// sorted is how products are listed in one order.
type sorted struct {
	by, behind string // the columns, and the condition for the products behind a place
	args       func(p place) []any
	index      string // in that order
}

var (
	byName = sorted{"name, sku", "(name, sku) > (?, ?)", func(p place) []any { return []any{p.Name, p.SKU} }, "products_name"}
	sorts  = map[query.Sort]sorted{
		query.ByRelevance: byName, // in each part
		query.ByName:      byName,
		query.ByPrice:     {"price_minor, sku", "(price_minor, sku) > (?, ?)", func(p place) []any { return []any{p.Price, p.SKU} }, "products_price"},
		query.ByPriceDown: {
			"price_minor DESC, sku", "(price_minor < ? OR price_minor = ? AND sku > ?)",
			func(p place) []any { return []any{p.Price, p.Price, p.SKU} }, "products_price",
		},
	}
)

// parts returns the searches whose products are listed one after the other; nil: all products.
func (s *Store) parts(q selection, sort query.Sort) []*search.Match {
	switch {
	case len(q.wanted) == 0:
		return []*search.Match{nil}
	case sort == query.ByRelevance:
		ranked := search.Products.Ranked(s.db, q.generation, q.wanted)
		return []*search.Match{&ranked[0], &ranked[1]}
	}
	return []*search.Match{new(search.Products.Find(s.db, q.generation, q.wanted))}
}

// listed returns a page of the products of q, which are total, and the cursor of the next one.
func (s *Store) listed(ctx context.Context, q selection, sort query.Sort, total int64, after *place) ([]query.Product, string, error) {
	limit, last := q.filter.Limit, 0 // the part of the last product
	if q.filter.Category != "" {
		q.Where = q.Clone()
		q.And("p.category = ?", list.Text(q.filter.Category))
	}
	products := []query.Product{}
	for rank, m := range s.parts(q, sort) {
		if after != nil && rank < after.Rank {
			continue
		}
		if after != nil && rank > after.Rank {
			after = nil // it is listed from its beginning
		}
		found, err := s.part(ctx, q, m, sorts[sort], total, limit+1-len(products), after)
		if err != nil {
			return nil, "", err
		}
		for _, r := range found {
			if len(products) == limit {
				p := products[limit-1]
				return products, list.Encode(place{sort, last, p.Price.Minor, p.Name, p.SKU}), nil
			}
			products, last = append(products, r.Product()), rank
		}
	}
	return products, "", nil
}

// part returns at most limit products of q that m finds, behind a place.
func (s *Store) part(ctx context.Context, q selection, m *search.Match, in sorted, total int64, limit int, after *place) ([]rows.Product, error) {
	db, walk := s.db.WithContext(ctx), total > q.many
	if m != nil {
		more, err := m.More(db, q.many)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the operation
		}
		walk = more
	}
	index := ""
	if walk {
		index = in.index
	}
	statement, args := q.statement("p.*", m, index)
	statement = "SELECT * FROM (" + statement + ") AS found"
	if after != nil {
		statement, args = statement+" WHERE "+in.behind, append(args, in.args(place{Price: after.Price, Name: list.Text(after.Name), SKU: list.Text(after.SKU)})...)
	}
	var found []rows.Product
	if err := db.Raw(statement+" ORDER BY "+in.by+" LIMIT ?", append(args, limit)...).Scan(&found).Error; err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return found, nil
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
