package shop

import (
	"encoding/json"
	"net/http"
)

// page is a part of an export. Digest is the SHA-256 of the items, byte by byte.
type page struct {
	Items  json.RawMessage `json:"items"`
	Next   string          `json:"next,omitempty"`
	Digest string          `json:"sha256"`
}

type exportedStock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"`
	Version   int64  `json:"version"`
}

type exportedUser struct {
	user

	Salt   string `json:"salt"`
	Digest string `json:"digest"`
}

type exportedOrder struct {
	order

	ShipTo json.RawMessage `json:"ship_to"`
}

// most is the largest page of an export.
const most = 500

// export returns a page of one kind, by key, behind after. Orders that were written back are
// not the shop's to give.
func (s *Shop) export(r *http.Request) (any, error) {
	limit, err := pageOf(r, most, most)
	if err != nil {
		return nil, err
	}
	ctx, after := r.Context(), r.URL.Query().Get("after")
	switch r.PathValue("kind") {
	case "products":
		rows, err := s.db.QueryContext(ctx, "SELECT sku, name, description, category, price, currency, active FROM products WHERE sku > ? ORDER BY sku LIMIT ?", after, limit)
		if err != nil {
			return nil, err
		}
		all, err := scan(rows, func(p *product) []any {
			return []any{&p.SKU, &p.Name, &p.Description, &p.Category, &p.Price.Amount, &p.Price.Currency, &p.Active}
		})
		return pageOfItems(all, err, limit, func(p product) string { return p.SKU })
	case "stock":
		rows, err := s.db.QueryContext(ctx, "SELECT sku, warehouse, available, version FROM stock WHERE sku || '/' || warehouse > ? ORDER BY sku || '/' || warehouse LIMIT ?", after, limit)
		if err != nil {
			return nil, err
		}
		all, err := scan(rows, func(p *exportedStock) []any { return []any{&p.SKU, &p.Warehouse, &p.Available, &p.Version} })
		return pageOfItems(all, err, limit, func(p exportedStock) string { return p.SKU + "/" + p.Warehouse })
	case "users":
		rows, err := s.db.QueryContext(ctx, "SELECT id, email, name, locale, created_at, salt, digest FROM users WHERE id > ? ORDER BY id LIMIT ?", after, limit)
		if err != nil {
			return nil, err
		}
		all, err := scan(rows, func(u *exportedUser) []any {
			return []any{&u.ID, &u.Email, &u.Name, &u.Locale, &u.CreatedAt, &u.Salt, &u.Digest}
		})
		return pageOfItems(all, err, limit, func(u exportedUser) string { return u.ID })
	case "orders":
		all, err := s.exportOrders(r, after, limit)
		return pageOfItems(all, err, limit, func(o exportedOrder) string { return o.ID })
	}
	return nil, refuse(http.StatusNotFound, "NOT_FOUND", "products, stock, users and orders are exported")
}

func (s *Shop) exportOrders(r *http.Request, after string, limit int) ([]exportedOrder, error) {
	found, err := orders(r.Context(), s.db, "WHERE origin = '' AND id > ? ORDER BY id LIMIT ?", after, limit)
	if err != nil {
		return nil, err
	}
	all := make([]exportedOrder, len(found))
	for i, o := range found {
		all[i].order = o
		var shipTo string
		if err := s.db.QueryRowContext(r.Context(), "SELECT ship_to FROM orders WHERE id = ?", o.ID).Scan(&shipTo); err != nil {
			return nil, err
		}
		all[i].ShipTo = json.RawMessage(shipTo)
	}
	return all, nil
}

func pageOfItems[T any](all []T, err error, limit int, key func(T) string) (any, error) {
	if err != nil {
		return nil, err
	}
	items, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	p := page{Items: items, Digest: digest("", string(items))}
	if len(all) == limit {
		p.Next = key(all[limit-1])
	}
	return p, nil
}
