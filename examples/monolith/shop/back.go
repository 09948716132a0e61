package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// backDoor lets in who knows the token.
func (s *Shop) backDoor(f func(*http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		if s.o.Token == "" || !same(bearer(r), s.o.Token) {
			return nil, refuse(http.StatusUnauthorized, "UNAUTHENTICATED", "the back door needs the token")
		}
		return f(r)
	}
}

// written is an order that was placed elsewhere, at one version.
type written struct {
	CustomerID string          `json:"customer_id"`
	Status     string          `json:"status"`
	Reason     string          `json:"reason"`
	Currency   string          `json:"currency"`
	Total      int64           `json:"total"`
	Refunded   int64           `json:"refunded"`
	Lines      []orderLine     `json:"lines"`
	ShipTo     json.RawMessage `json:"ship_to"`
	Version    int64           `json:"version"`
	CreatedAt  time.Time       `json:"created_at"`
}

// writeBack stores an order that was placed elsewhere, or a later version of it. It takes no
// stock, no money, and sends no mail: all of that has happened. A repeat and an older version
// change nothing.
func (s *Shop) writeBack(r *http.Request) (any, error) {
	var w written
	if err := read(r, &w); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	err := s.in(r.Context(), func(tx *sql.Tx) error { return s.write(r.Context(), tx, id, w) })
	return status{http.StatusNoContent, nil}, err
}

func (s *Shop) write(ctx context.Context, tx *sql.Tx, id string, w written) error {
	var origin string
	err := tx.QueryRowContext(ctx, "SELECT origin FROM orders WHERE id = ?", id).Scan(&origin)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		o := newOrder{
			id: id, user: w.CustomerID, status: w.Status, reason: w.Reason, currency: w.Currency, total: w.Total,
			lines: w.Lines, shipTo: w.ShipTo, origin: "amends", stock: "door", at: stamp(w.CreatedAt),
		}
		if err := o.store(ctx, tx); err != nil {
			return err
		}
	case err != nil:
		return err
	case origin != "amends":
		return refuse(http.StatusConflict, "CONFLICT", "the order is this shop's own")
	}
	_, err = tx.ExecContext(ctx, "UPDATE orders SET status = ?, reason = ?, total = ?, refunded = ?, version = ?, updated_at = ? WHERE id = ? AND version <= ?",
		w.Status, w.Reason, w.Total, w.Refunded, w.Version, now(), id, w.Version)
	return err
}

// missing returns the ids of those orders that the shop does not have, or of which it has less
// money paid back.
func (s *Shop) missing(r *http.Request) (any, error) {
	var asked struct {
		Orders []struct {
			ID       string `json:"id"`
			Refunded int64  `json:"refunded"`
		} `json:"orders"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	absent := []string{}
	for _, o := range asked.Orders {
		var n int
		if err := s.db.QueryRowContext(r.Context(), "SELECT count(*) FROM orders WHERE id = ? AND refunded >= ?", o.ID, o.Refunded).Scan(&n); err != nil {
			return nil, err
		}
		if n == 0 {
			absent = append(absent, o.ID)
		}
	}
	return struct {
		Missing []string `json:"missing"`
	}{absent}, nil
}

// stockDoor moves the stock, in two calls: {"hold": "10s"} makes placements wait and answers
// with a number; {"held": number, "url": …} has the shop reserve at url from then on and ends
// the wait. It is refused if the wait has ended before: then orders may have taken stock that
// the caller has not seen, or if nothing answers at url. Without a url everything stays as it was.
func (s *Shop) stockDoor(r *http.Request) (any, error) {
	var asked struct {
		Hold string `json:"hold"`
		Held int    `json:"held"`
		URL  string `json:"url"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	if asked.Hold != "" {
		most, err := time.ParseDuration(asked.Hold)
		if err != nil || most <= 0 || most > time.Minute {
			return nil, refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", "hold is a duration of at most 1m")
		}
		return held{Held: s.pause(most)}, nil
	}
	if asked.URL != "" && !s.keep(asked.Held) {
		return nil, refuse(http.StatusConflict, "CONFLICT", "placements go on already")
	}
	defer s.resume(asked.Held)
	if asked.URL != "" {
		if _, err := newDoor(asked.URL, s.o.Token).stock(r.Context(), "any"); err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, "DOOR_SHUT", err.Error())
		}
		if err := s.moveStock(r.Context(), asked.URL); err != nil {
			return nil, err
		}
	}
	return s.where(r)
}

// held says where the stock is, "" is here, and the number of a pause.
type held struct {
	URL  string `json:"url"`
	Held int    `json:"held,omitempty"`
}

func (s *Shop) where(*http.Request) (any, error) {
	if d := s.door.Load(); d != nil {
		return held{URL: d.address}, nil
	}
	return held{}, nil
}
