package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
)

// wish is an order, and how it must end whatever faults it meets.
type wish struct {
	change map[string]any // of [placement]
	status order.Status
	reason order.Reason
}

// mix is every way of an order that takes seconds, not minutes.
var mix = map[string]wish{
	"visa":            {nil, confirmed, ""},
	"slow":            {tok("tok_slow"), confirmed, ""},
	"unavailable":     {tok("tok_unavailable"), confirmed, ""},
	"authorize lost":  {tok("tok_timeout_after_charge"), confirmed, ""},
	"capture lost":    {tok("tok_capture_lost"), confirmed, ""},
	"booking lost":    {map[string]any{"ship_to": address("99999")}, confirmed, ""},
	"declined":        {tok("tok_declined"), cancelled, order.PaymentDeclined},
	"capture refused": {tok("tok_capture_declined"), cancelled, order.PaymentDeclined},
	"undeliverable":   {map[string]any{"ship_to": address("00000")}, cancelled, order.Undeliverable},
	"sold out":        {lines("SOLD-OUT", 1), cancelled, order.OutOfStock},
	"unknown":         {lines("NOPE", 1), cancelled, order.UnknownSKU},
	"dollars":         {map[string]any{"currency": "USD"}, cancelled, order.CurrencyMismatch},
}

// crowd is customers who place one order each and insist: they come back with the
// same key until it is decided.
type crowd struct {
	shop  shopper
	group sync.WaitGroup

	mu    sync.Mutex
	here  int               // customers who are not served yet
	ids   map[string]string // key -> location of the order
	wrong error
}

// visit starts customers: copies of each of the mix.
func (s shopper) visit(t *testing.T, copies int) *crowd {
	t.Helper()
	c := &crowd{shop: s, ids: map[string]string{}}
	c.join(t, copies)
	return c
}

// join starts more of them.
func (c *crowd) join(t *testing.T, copies int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c.mu.Lock()
	c.here += copies * len(mix)
	c.mu.Unlock()
	for name, w := range mix {
		for range copies {
			body := placement()
			maps.Copy(body, w.change)
			c.group.Go(func() {
				err := c.insist(ctx, body, w)
				c.mu.Lock()
				defer c.mu.Unlock()
				if c.here--; err != nil {
					c.wrong = errors.Join(c.wrong, fmt.Errorf("%s: %w", name, err))
				}
			})
		}
	}
}

// under waits until the platform is busy with them, which is a moment that passes: on a machine
// that was too slow to see it, as many customers come again when the last one is served.
func (c *crowd) under(t *testing.T, what string, copies int, busy func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		if busy() {
			return true
		}
		c.mu.Lock()
		gone := c.here == 0
		c.mu.Unlock()
		if gone {
			c.join(t, copies)
		}
		return false
	})
}

// begins places an order whose payment takes 3 s, and returns it while the provider is asked;
// if that was not seen in time, another one.
func (s shopper) begins(t *testing.T, shop *shoptest.Shop, body map[string]any) (id string) {
	t.Helper()
	eventually(t, "the money is asked for", func() bool {
		if paying(t, shop, payment.Intent) == 1 {
			return id != ""
		}
		if id == "" || s.get(t, id).order.Status != order.Pending {
			id = s.insist(t, "", "", body).order.ID
		}
		return false
	})
	return id
}

// served waits until every order has ended as it must, and checks the ledgers: one
// order for each, and nothing left of the cancelled ones.
func (c *crowd) served(t *testing.T, shop *shoptest.Shop) {
	t.Helper()
	c.group.Wait()
	require.NoError(t, c.wrong)
	require.NoError(t, shop.Check(t.Context()))
	booked := map[string]string{}
	for _, o := range allOrders(t, shop) {
		if _, ours := c.ids[o.Placement.CustomerID]; ours {
			require.Empty(t, booked[o.Placement.CustomerID], "one order, not two")
			booked[o.Placement.CustomerID] = "/v1/orders/" + o.ID
		}
	}
	require.Equal(t, c.ids, booked)
}

func allOrders(t *testing.T, shop *shoptest.Shop) []order.Record {
	t.Helper()
	all, err := shop.Orders.List(t.Context(), order.Filter{Limit: 1000})
	require.NoError(t, err)
	require.Less(t, len(all), 1000)
	return all
}

// insist places one order until it is decided.
func (c *crowd) insist(ctx context.Context, body map[string]any, want wish) error {
	key := uuid.NewString()
	body["customer_id"] = key // so that the ledger names its customer
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := c.shop.tryPlace(ctx, key, "wait=30", body)
		if err == nil { // else nothing answers: the API may be gone, too
			if err := c.answered(key, r); err != nil {
				return err
			}
			// The engine, which answers while no worker does, does not know the reason.
			if r.status == http.StatusOK && r.source != "engine" {
				return fulfilled(r, want)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("order %q is not decided: last %d %s: %w", c.ids[key], r.status, r.code, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

func fulfilled(r reply, want wish) error {
	if r.order.Status != want.status || r.order.Reason != want.reason {
		return fmt.Errorf("order %s is %s %s, not %s %s", r.order.ID, r.order.Status, r.order.Reason, want.status, want.reason)
	}
	return nil
}

// answered checks that an acknowledged order keeps its key, and that a customer
// who is sent away learns when to come back.
func (c *crowd) answered(key string, r reply) error {
	if r.status != http.StatusOK && r.status != http.StatusAccepted {
		if err := turnedAway(r); err != nil {
			return err
		}
	}
	at := r.header.Get("Location")
	if at == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.ids[key]; known != "" && known != at {
		return fmt.Errorf("%s was %s, now it is %s", key, known, at)
	}
	c.ids[key] = at
	return nil
}

// turnedAway returns an error unless r turns a placement away as it should: it
// says when to come back, and where the order is if there may be one.
func turnedAway(r reply) error {
	at := r.header.Get("Location")
	switch {
	case r.status != http.StatusServiceUnavailable:
		return fmt.Errorf("%d %s does not ask to come back later", r.status, r.code)
	case r.header.Get("Retry-After") == "":
		return fmt.Errorf("%s without Retry-After", r.code)
	case r.code == "UNAVAILABLE" && at == "", r.code == "OVERLOADED" && at == "", r.code == "PLACEMENT_UNKNOWN" && at != "":
		return nil
	}
	return fmt.Errorf("%s with Location %q", r.code, at)
}
