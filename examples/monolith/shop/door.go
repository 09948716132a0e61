package shop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// door is where the inventory service takes reservations of the monolith, `amends legacy
// bridge`. A reservation is known by its order, so each call may be repeated.
type door struct {
	address, token string
	client         *http.Client
}

func newDoor(address, token string) *door {
	return &door{address, token, &http.Client{Timeout: 15 * time.Second}}
}

// reservation is the state of the units of one order: held, sold or released.
type reservation struct {
	State string `json:"state"`
	Lines []line `json:"lines,omitempty"`
}

// put brings the reservation of an order into a state, and reports whether the units are
// there.
func (d *door) put(ctx context.Context, order string, r reservation) (bool, error) {
	status, err := d.call(ctx, http.MethodPut, "/reservations/"+url.PathEscape(order), r, nil)
	return status != http.StatusConflict, err
}

// stock returns the stock of a SKU.
func (d *door) stock(ctx context.Context, sku string) (all []warehouseUnits, err error) {
	_, err = d.call(ctx, http.MethodGet, "/stock/"+url.PathEscape(sku), nil, &all)
	return all, err
}

// call makes a call, and again for about a second if it fails: it may be repeated.
func (d *door) call(ctx context.Context, method, path string, in, out any) (status int, err error) {
	for pause := 50 * time.Millisecond; ; pause *= 4 {
		if status, err = d.once(ctx, method, path, in, out); err == nil || pause > time.Second {
			return status, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return status, err
		}
	}
}

func (d *door) once(ctx context.Context, method, path string, in, out any) (int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, method, d.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := d.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("the inventory service: %w", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusConflict:
		return res.StatusCode, nil
	case res.StatusCode >= http.StatusBadRequest:
		return res.StatusCode, fmt.Errorf("the inventory service answers %s", res.Status)
	case out == nil:
		return res.StatusCode, nil
	}
	return res.StatusCode, json.NewDecoder(res.Body).Decode(out)
}

// placeThrough places an order whose units the inventory service holds: it asks, stores the
// order in one transaction, and tells the service how it ended. A crash in between leaves a
// row of reservations, which settle ends.
func (s *Shop) placeThrough(ctx context.Context, d *door, id, user string, p placement) (o order, replayed bool, err error) {
	_, err = s.db.ExecContext(ctx, "INSERT INTO reservations (order_id, state, asked_at) VALUES (?, 'asked', ?) ON CONFLICT DO NOTHING", id, now())
	if err != nil {
		return o, false, err
	}
	held, err := d.put(ctx, id, reservation{"held", p.Lines})
	if err != nil {
		return o, false, refuse(http.StatusServiceUnavailable, "UNAVAILABLE", "the stock cannot be asked right now")
	}
	err = s.in(ctx, func(tx *sql.Tx) (err error) {
		o, replayed, err = s.decide(ctx, tx, id, user, p, "door", func() (bool, error) { return held, nil })
		if err != nil || replayed {
			return err
		}
		return s.end(ctx, tx, o)
	})
	if err != nil || replayed {
		return o, replayed, err
	}
	if err := s.tell(ctx, d, id, settled(o)); err != nil {
		s.o.Logger.WarnContext(ctx, "a reservation is not settled yet", "order", id, "error", err)
	}
	return o, false, nil
}

// end says how the reservation of an order ends. It refuses if the placement took so long that
// its reservation was given up: the client asks again.
func (s *Shop) end(ctx context.Context, tx *sql.Tx, o order) error {
	done, err := tx.ExecContext(ctx, "UPDATE reservations SET state = ? WHERE order_id = ? AND state = 'asked'", settled(o), o.ID)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = refuse(http.StatusServiceUnavailable, "UNAVAILABLE", "the stock cannot be had right now")
	}
	return err
}

func settled(o order) string {
	if o.Status == confirmed {
		return "sold"
	}
	return "released"
}

// tell tells the inventory service how an order ended.
func (s *Shop) tell(ctx context.Context, d *door, id, state string) error {
	if _, err := d.put(ctx, id, reservation{State: state}); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, "DELETE FROM reservations WHERE order_id = ?", id)
	return err
}

// abandoned is the age of a reservation whose placement has ended without an order.
const abandoned = time.Minute

// Settle ends the reservations that a crash, or an inventory service that did not answer,
// has left, every second until ctx ends.
func (s *Shop) Settle(ctx context.Context) {
	for {
		if err := s.settle(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.WarnContext(ctx, "reservations wait", "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

type open struct{ order, state string }

func (s *Shop) settle(ctx context.Context) error {
	d := s.door.Load()
	if d == nil {
		return nil
	}
	if err := s.abandon(ctx); err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT order_id, state FROM reservations WHERE state <> 'asked' ORDER BY order_id LIMIT 100")
	if err != nil {
		return err
	}
	all, err := scan(rows, func(o *open) []any { return []any{&o.order, &o.state} })
	for _, o := range all {
		err = errors.Join(err, s.tell(ctx, d, o.order, o.state))
	}
	return err
}

// abandon gives up the placements that have ended without an order. Their keys are free again:
// a repeat gets another order, with another reservation.
func (s *Shop) abandon(ctx context.Context) error {
	return s.in(ctx, func(tx *sql.Tx) error {
		before := stamp(time.Now().Add(-abandoned))
		if _, err := tx.ExecContext(ctx, `DELETE FROM placements WHERE order_id IN (SELECT order_id FROM reservations WHERE state = 'asked' AND asked_at < ?)
			AND order_id NOT IN (SELECT id FROM orders)`, before); err != nil {
			return err
		}
		// Of a repeat that came while the first placement ended.
		if _, err := tx.ExecContext(ctx, "DELETE FROM reservations WHERE state = 'asked' AND order_id IN (SELECT id FROM orders)"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE reservations SET state = 'released' WHERE state = 'asked' AND asked_at < ? AND order_id NOT IN (SELECT id FROM orders)", before)
		return err
	})
}

// pause makes placements wait, for a time at most, until [Shop.resume] with its number. It
// returns when none is under way. A second pause waits until the first has ended.
func (s *Shop) pause(most time.Duration) (number int) {
	s.placing.Lock()
	p := &s.paused
	p.Lock()
	defer p.Unlock()
	p.last++
	number, p.now = p.last, p.last
	p.timer = time.AfterFunc(most, func() { s.resume(number) })
	return number
}

// keep makes a pause last until resume, and reports whether it had not ended before.
func (s *Shop) keep(number int) bool {
	s.paused.Lock()
	defer s.paused.Unlock()
	return s.paused.now == number && number != 0 && s.paused.timer.Stop()
}

// resume ends a pause. A repeat has no effect.
func (s *Shop) resume(number int) {
	s.paused.Lock()
	defer s.paused.Unlock()
	if s.paused.now == number && number != 0 {
		s.paused.now = 0
		s.paused.timer.Stop()
		s.placing.Unlock()
	}
}

// moveStock makes the shop reserve at the inventory service from now on.
func (s *Shop) moveStock(ctx context.Context, address string) error {
	_, err := s.db.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES ('door', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", address)
	if err != nil {
		return err
	}
	s.door.Store(newDoor(address, s.o.Token))
	return nil
}
