package shop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// The statuses of an order. It has one from the beginning: a placement decides it.
const (
	confirmed = "CONFIRMED"
	cancelled = "CANCELLED"
)

type orderLine struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice money  `json:"unit_price"`
}

// order is an order as clients see it. The lists that a monolith has no use for are empty.
type order struct {
	ID             string      `json:"id"`
	CustomerID     string      `json:"customer_id"`
	Status         string      `json:"status"`
	Reason         string      `json:"reason,omitempty"`
	Currency       string      `json:"currency"`
	Total          *money      `json:"total,omitempty"`
	Refunded       *money      `json:"refunded,omitempty"`
	Lines          []orderLine `json:"lines"`
	NeedsAttention bool        `json:"needs_attention"`
	Attention      []string    `json:"attention"`
	Steps          []string    `json:"steps"`
	Parcels        []string    `json:"parcels"`
	CreatedAt      string      `json:"created_at"`
	UpdatedAt      string      `json:"updated_at"`
	Source         string      `json:"source"`
}

// newOrder is an order to be stored.
type newOrder struct {
	id, user, status, reason string
	currency                 string
	total                    int64
	lines                    []orderLine
	shipTo                   json.RawMessage
	origin, stock, at        string
}

// store writes an order with its lines.
func (o newOrder) store(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO orders (id, user_id, status, reason, currency, total, ship_to, origin, stock, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, o.id, o.user, o.status, o.reason, o.currency, o.total, string(o.shipTo), o.origin, o.stock, o.at, o.at)
	if err != nil {
		return err
	}
	for i, l := range o.lines {
		_, err := tx.ExecContext(ctx, "INSERT INTO order_lines (order_id, position, sku, quantity, price) VALUES (?, ?, ?, ?, ?)",
			o.id, i+1, l.SKU, l.Quantity, l.UnitPrice.Amount)
		if err != nil {
			return err
		}
	}
	return nil
}

const selectOrder = "SELECT id, user_id, status, reason, currency, total, refunded, created_at, updated_at FROM orders "

func orderFields(o *order) []any {
	o.Total, o.Refunded = new(money), new(money)
	o.Lines, o.Attention, o.Steps, o.Parcels, o.Source = []orderLine{}, []string{}, []string{}, []string{}, "record"
	return []any{&o.ID, &o.CustomerID, &o.Status, &o.Reason, &o.Currency, &o.Total.Amount, &o.Refunded.Amount, &o.CreatedAt, &o.UpdatedAt}
}

// orders returns the orders of a query with their lines.
func orders(ctx context.Context, q querier, where string, args ...any) ([]order, error) {
	rows, err := q.QueryContext(ctx, selectOrder+where, args...)
	if err != nil {
		return nil, err
	}
	all, err := scan(rows, orderFields)
	if err != nil {
		return nil, err
	}
	for i := range all {
		o := &all[i]
		o.Total.Currency, o.Refunded.Currency = o.Currency, o.Currency
		if o.Refunded.Amount == 0 {
			o.Refunded = nil
		}
		rows, err := q.QueryContext(ctx, "SELECT sku, quantity, price FROM order_lines WHERE order_id = ? ORDER BY position", o.ID)
		if err != nil {
			return nil, err
		}
		if o.Lines, err = scan(rows, func(l *orderLine) []any { return []any{&l.SKU, &l.Quantity, &l.UnitPrice.Amount} }); err != nil {
			return nil, err
		}
		for j := range o.Lines {
			o.Lines[j].UnitPrice.Currency = o.Currency
		}
	}
	return all, nil
}

// findOrder returns an order of a user; another's is not found.
func findOrder(ctx context.Context, q querier, id, user string) (order, error) {
	found, err := orders(ctx, q, "WHERE id = ? AND user_id = ?", id, user)
	if err == nil && len(found) == 0 {
		err = refuse(http.StatusNotFound, "NOT_FOUND", "there is no such order")
	}
	if err != nil {
		return order{}, err
	}
	return found[0], nil
}

func (s *Shop) getOrder(r *http.Request) (any, error) {
	id, err := s.account(r)
	if err != nil {
		return nil, err
	}
	return findOrder(r.Context(), s.db, r.PathValue("id"), id)
}

func (s *Shop) listOrders(r *http.Request) (any, error) {
	id, err := s.account(r)
	if err != nil {
		return nil, err
	}
	limit, err := pageOf(r, 20, 100)
	if err != nil {
		return nil, err
	}
	before := r.URL.Query().Get("cursor")
	if before == "" {
		before = "~" // behind every time
	}
	found, err := orders(r.Context(), s.db, "WHERE user_id = ? AND created_at || ' ' || id < ? ORDER BY created_at DESC, id DESC LIMIT ?", id, before, limit+1)
	if err != nil {
		return nil, err
	}
	page := struct {
		Orders []order `json:"orders"`
		Next   string  `json:"next_cursor,omitempty"`
	}{Orders: found}
	if len(found) > limit {
		page.Orders, page.Next = found[:limit], found[limit-1].CreatedAt+" "+found[limit-1].ID
	}
	return page, nil
}

// cancelOrder answers that it is too late, or that it has happened: an order is decided when
// it is placed.
func (s *Shop) cancelOrder(r *http.Request) (any, error) {
	id, err := s.account(r)
	if err != nil {
		return nil, err
	}
	o, err := findOrder(r.Context(), s.db, r.PathValue("id"), id)
	if err != nil {
		return nil, err
	}
	if o.Status == confirmed {
		return nil, refuse(http.StatusConflict, "PAST_PIVOT", "the order is paid")
	}
	return o, nil
}

// declines are the payment tokens for which no money is to be had.
var declines = []string{"tok_declined", "tok_insufficient_funds", "tok_expired_card", "tok_capture_declined", "tok_auth_expired"}

// priced returns the lines of a placement with their prices and their total. A reason says
// why they cannot be sold.
func priced(ctx context.Context, q querier, p placement) (lines []orderLine, total int64, reason string, err error) {
	for _, l := range p.Lines {
		found, err := findProduct(ctx, q, l.SKU)
		var unknown refusal
		switch {
		case errors.As(err, &unknown) || err == nil && !found.Active:
			reason = "UNKNOWN_SKU"
		case err != nil:
			return nil, 0, "", err
		case found.Price.Currency != p.Currency:
			reason = "CURRENCY_MISMATCH"
		}
		lines = append(lines, orderLine{l.SKU, l.Quantity, money{found.Price.Amount, p.Currency}})
		total += l.Quantity * found.Price.Amount
	}
	return lines, total, reason, nil
}

// valid refuses a placement that is none.
func (p placement) valid() error {
	seen := map[string]bool{}
	for _, l := range p.Lines {
		if l.SKU == "" || l.Quantity < 1 || l.Quantity > 10_000 || seen[l.SKU] {
			return refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", "a line has a product, each once, and a quantity of 1 to 10000")
		}
		seen[l.SKU] = true
	}
	if len(p.Lines) == 0 || len(p.Lines) > 200 || len(p.Currency) != 3 || !bytes.HasPrefix(p.ShipTo, []byte("{")) || !strings.HasPrefix(p.PaymentToken, "tok_") {
		return refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", "an order has 1 to 200 lines, a currency, an address and a payment token")
	}
	return nil
}
