package shop

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
)

// sums are the totals of the shop, and the contradictions in them.
type sums struct {
	Products   int64    `json:"products"`
	Users      int64    `json:"users"`
	Stock      int64    `json:"stock"`       // units that its own tables have available
	Orders     int64    `json:"orders"`      // placed here
	Confirmed  int64    `json:"confirmed"`   // of these
	Units      int64    `json:"units"`       // of these, sold
	Money      int64    `json:"money"`       // of these, in cents
	WrittenBy  int64    `json:"written"`     // orders that were written back
	WrittenSum int64    `json:"written_sum"` // the totals of those that are confirmed
	Mails      int64    `json:"mails"`
	Open       int64    `json:"open"` // reservations that are not settled
	Problems   []string `json:"problems"`
}

// checks are the sums that must be nothing, each with the words for it.
var checks = []struct{ words, query string }{
	{"orders whose lines do not add up to their total", `SELECT count(*) FROM orders o WHERE o.status = 'CONFIRMED' AND o.total <> (SELECT coalesce(sum(quantity * price), 0) FROM order_lines WHERE order_id = o.id)`},
	{"confirmed orders of this shop that are not paid exactly", `SELECT count(*) FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE o.origin = '' AND o.status = 'CONFIRMED' AND (p.amount IS NULL OR p.amount <> o.total)`},
	{"payments without a confirmed order of this shop", `SELECT count(*) FROM payments p WHERE p.order_id NOT IN (SELECT id FROM orders WHERE origin = '' AND status = 'CONFIRMED')`},
	{"orders of this shop that have not got exactly one mail", `SELECT count(*) FROM orders o WHERE o.origin = '' AND 1 <> (SELECT count(*) FROM mails WHERE order_id = o.id)`},
	{"mails about orders that are not this shop's", `SELECT count(*) FROM mails WHERE order_id NOT IN (SELECT id FROM orders WHERE origin = '')`},
	{"rows of stock that do not add up", `SELECT count(*) FROM stock WHERE available + sold <> received`},
	{"products of which other units are sold than orders say", `SELECT count(*) FROM (SELECT sku, sum(sold) AS sold FROM stock GROUP BY sku) s WHERE s.sold <> (SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.sku = s.sku AND o.status = 'CONFIRMED' AND o.origin = '' AND o.stock = 'own')`},
}

func (s *Shop) sums(r *http.Request) (any, error) {
	var out sums
	// One transaction, so that all of it is from one moment.
	err := s.in(r.Context(), func(tx *sql.Tx) (err error) {
		out, err = add(r.Context(), tx)
		return err
	})
	return out, err
}

func add(ctx context.Context, tx *sql.Tx) (s sums, err error) {
	s.Problems = []string{}
	for _, q := range []struct {
		into  *int64
		query string
	}{
		{&s.Products, "SELECT count(*) FROM products"},
		{&s.Users, "SELECT count(*) FROM users"},
		{&s.Stock, "SELECT coalesce(sum(available), 0) FROM stock"},
		{&s.Orders, "SELECT count(*) FROM orders WHERE origin = ''"},
		{&s.Confirmed, "SELECT count(*) FROM orders WHERE origin = '' AND status = 'CONFIRMED'"},
		{&s.Units, "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.origin = '' AND o.status = 'CONFIRMED'"},
		{&s.Money, "SELECT coalesce(sum(amount), 0) FROM payments"},
		{&s.WrittenBy, "SELECT count(*) FROM orders WHERE origin <> ''"},
		{&s.WrittenSum, "SELECT coalesce(sum(total), 0) FROM orders WHERE origin <> '' AND status = 'CONFIRMED'"},
		{&s.Mails, "SELECT count(*) FROM mails"},
		{&s.Open, "SELECT count(*) FROM reservations"},
	} {
		if err := tx.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return s, err
		}
	}
	for _, c := range checks {
		var n int64
		if err := tx.QueryRowContext(ctx, c.query).Scan(&n); err != nil {
			return s, err
		}
		if n > 0 {
			s.Problems = append(s.Problems, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	return s, nil
}
