package shop

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"
)

// money is an amount in cents.
type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type product struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"`
	Price       money  `json:"price"`
	Active      bool   `json:"active"`
}

type productStock struct {
	Available int64     `json:"available"`
	AsOf      time.Time `json:"as_of"`
}

type shownProduct struct {
	product

	Stock   productStock `json:"stock"`
	Missing []string     `json:"missing"`
}

type listedProduct struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Category    string `json:"category"`
	Price       money  `json:"price"`
	Available   int64  `json:"available"`
}

// product returns a product of the database or of a transaction.
func findProduct(ctx context.Context, q querier, sku string) (product, error) {
	p := product{SKU: sku}
	err := q.QueryRowContext(ctx, "SELECT name, description, category, price, currency, active FROM products WHERE sku = ?", sku).
		Scan(&p.Name, &p.Description, &p.Category, &p.Price.Amount, &p.Price.Currency, &p.Active)
	if errors.Is(err, sql.ErrNoRows) {
		return p, refuse(http.StatusNotFound, "NOT_FOUND", "there is no such product")
	}
	return p, err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Shop) getProduct(r *http.Request) (any, error) {
	p, err := findProduct(r.Context(), s.db, r.PathValue("sku"))
	if err != nil {
		return nil, err
	}
	units, err := s.available(r.Context(), p.SKU)
	if err != nil {
		return nil, err
	}
	return shownProduct{product: p, Stock: productStock{sum(units), time.Now().UTC()}, Missing: []string{}}, nil
}

// listProducts lists the products that can be ordered, by name, in pages.
func (s *Shop) listProducts(r *http.Request) (any, error) {
	limit, err := pageOf(r, 20, 100)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(r.Context(), `SELECT sku, name, description, category, price, currency FROM products
		WHERE active AND name || '/' || sku > ? ORDER BY name || '/' || sku LIMIT ?`, r.URL.Query().Get("cursor"), limit+1)
	if err != nil {
		return nil, err
	}
	all, err := scan(rows, func(p *listedProduct) []any {
		return []any{&p.SKU, &p.Name, &p.Description, &p.Category, &p.Price.Amount, &p.Price.Currency}
	})
	if err != nil {
		return nil, err
	}
	page := struct {
		Products []listedProduct `json:"products"`
		Next     string          `json:"next_cursor,omitempty"`
	}{Products: all}
	if len(all) > limit {
		page.Products = all[:limit]
		page.Next = all[limit-1].Name + "/" + all[limit-1].SKU
	}
	for i := range page.Products {
		units, err := s.available(r.Context(), page.Products[i].SKU)
		if err != nil {
			return nil, err
		}
		page.Products[i].Available = sum(units)
	}
	return page, nil
}

// scan reads all rows.
func scan[T any](rows *sql.Rows, fields func(*T) []any) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = []T{}
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
