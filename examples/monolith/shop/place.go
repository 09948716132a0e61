package shop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// placement is the body of a placement.
type placement struct {
	CustomerID   string          `json:"customer_id,omitempty"`
	Currency     string          `json:"currency"`
	Lines        []line          `json:"lines"`
	ShipTo       json.RawMessage `json:"ship_to"`
	PaymentToken string          `json:"payment_token"`
}

// placeOrder places an order, in one transaction. A repeat with the same key is the same order.
func (s *Shop) placeOrder(r *http.Request) (any, error) {
	id, err := s.account(r)
	if err != nil {
		return nil, err
	}
	key := r.Header.Get("Idempotency-Key")
	var p placement
	if err := read(r, &p); err != nil {
		return nil, err
	}
	switch {
	case key == "" || len(key) > 255:
		return nil, refuse(http.StatusBadRequest, "IDEMPOTENCY_KEY_INVALID", "a placement needs an Idempotency-Key")
	case p.CustomerID != "" && p.CustomerID != id:
		return nil, refuse(http.StatusForbidden, "FORBIDDEN", "customer_id is another account")
	}
	if err := p.valid(); err != nil {
		return nil, err
	}
	// The order goes on when its client has gone: nothing must be left half done.
	ctx := context.WithoutCancel(r.Context())
	s.placing.RLock()
	defer s.placing.RUnlock()
	o, replayed, err := s.place(ctx, id, key, p)
	if err != nil {
		return nil, err
	}
	return located{o, replayed}, nil
}

func (s *Shop) place(ctx context.Context, user, key string, p placement) (o order, replayed bool, err error) {
	id, err := s.begin(ctx, user, key, p)
	if err != nil {
		return o, false, err
	}
	if o, err = findOrder(ctx, s.db, id, user); err == nil {
		return o, true, nil
	}
	if missing := (refusal{}); !errors.As(err, &missing) {
		return o, false, err
	}
	if d := s.door.Load(); d != nil {
		return s.placeThrough(ctx, d, id, user, p)
	}
	err = s.in(ctx, func(tx *sql.Tx) (err error) {
		o, replayed, err = s.decide(ctx, tx, id, user, p, "own", func() (bool, error) { return take(ctx, tx, p.Lines) })
		return err
	})
	return o, replayed, err
}

// begin keeps the id of the order of a key before anything else happens, so that every repeat
// has the same one.
func (s *Shop) begin(ctx context.Context, user, key string, p placement) (id string, err error) {
	body, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	hash := digest("", string(compact(body)))
	var before string
	err = s.in(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO placements (user_id, key, order_id, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", user, key, fresh.String(), hash)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT order_id, body FROM placements WHERE user_id = ? AND key = ?", user, key).Scan(&id, &before)
	})
	if err == nil && before != hash {
		err = refuse(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", "the key was used for another order")
	}
	return id, err
}

func compact(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}

// decide stores the order with its payment and its mail, unless another call has. hold gets
// its units, and reports whether they were there.
func (s *Shop) decide(ctx context.Context, tx *sql.Tx, id, user string, p placement, stock string, hold func() (bool, error)) (order, bool, error) {
	if found, err := findOrder(ctx, tx, id, user); err == nil {
		return found, true, nil
	}
	lines, total, reason, err := priced(ctx, tx, p)
	if err != nil {
		return order{}, false, err
	}
	if reason == "" && slices.Contains(declines, p.PaymentToken) {
		reason = "PAYMENT_DECLINED"
	}
	if reason == "" {
		held, err := hold()
		if err != nil {
			return order{}, false, err
		}
		if !held {
			reason = "OUT_OF_STOCK"
		}
	}
	o := newOrder{
		id: id, user: user, status: confirmed, reason: reason, currency: p.Currency, total: total, lines: lines, shipTo: p.ShipTo, stock: stock, at: now(),
	}
	if reason != "" {
		o.status = cancelled
	}
	if err := o.store(ctx, tx); err != nil {
		return order{}, false, err
	}
	if o.status == confirmed {
		if _, err := tx.ExecContext(ctx, "INSERT INTO payments (order_id, amount, currency, paid_at) VALUES (?, ?, ?, ?)", id, total, p.Currency, o.at); err != nil {
			return order{}, false, err
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO mails (order_id, sent_at) VALUES (?, ?)", id, o.at); err != nil {
		return order{}, false, err
	}
	stored, err := findOrder(ctx, tx, id, user)
	return stored, false, err
}
