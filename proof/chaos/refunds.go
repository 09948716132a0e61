package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/order"
)

// Refund is a refund that support asks for when an order is confirmed.
type Refund struct {
	// Key is the idempotency key.
	Key string `json:"key"`
	// Percent is the part of the order's total.
	Percent int64 `json:"percent"`
	// TakeBack is for the stock, too.
	TakeBack bool `json:"take_back,omitempty"`
	// Copies are asked for at once; 1 is the refund alone.
	Copies int `json:"copies"`
}

// operatorToken is the secret of those who refund.
const operatorToken = "support-of-chaos-1"

// support pays back money of orders.
type support struct {
	admin string // of the API

	mu   sync.Mutex
	made map[string]made // by key
}

// made is the last answer to a refund.
type made struct {
	order  int
	id     string
	status order.RefundStatus // empty: it was not answered
	amount int64
}

// refund asks for all refunds of an order at once, if it is confirmed.
func (c *customers) refund(ctx context.Context, o Order, id string) {
	if len(o.Refunds) == 0 {
		return
	}
	var total int64
	err := wait.Until(ctx, "the order is decided", func() bool {
		r, err := c.api.GetOrderWithResponse(ctx, id, nil, o.sign)
		if err != nil || r.JSON200 == nil || r.JSON200.Status == string(order.Pending) {
			return false
		}
		if r.JSON200.Status == string(order.Confirmed) && r.JSON200.Total != nil {
			total = r.JSON200.Total.Amount
		}
		return true
	})
	if err != nil || total == 0 {
		return
	}
	var all sync.WaitGroup
	for _, f := range o.Refunds {
		c.support.note(f.Key, made{order: o.N, amount: total * f.Percent / 100})
		for range f.Copies {
			all.Go(func() { c.ask(ctx, o, id, f) })
		}
	}
	all.Wait()
}

// ask asks for a refund until it has ended.
func (c *customers) ask(ctx context.Context, o Order, id string, f Refund) {
	m := c.support.of(f.Key)
	what := fmt.Sprintf("refund %s of order %d", f.Key, o.N)
	body := fmt.Sprintf(`{"amount": {"amount": %d, "currency": %q}, "reason": "chaos", "take_back_stock": %t}`, m.amount, currency, f.TakeBack)
	for try := 0; ctx.Err() == nil; try++ {
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.support.admin+"/v1/orders/"+id+"/refunds", strings.NewReader(body))
		if err != nil {
			c.complain("%s: %v", what, err)
			return
		}
		q.Header = http.Header{"Authorization": {"Bearer " + operatorToken}, "Idempotency-Key": {f.Key}, "Content-Type": {"application/json"}}
		r, err := browser.Do(q)
		if err != nil {
			breathe(ctx, try)
			continue
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close() // it is read
		var is struct {
			ID, Code string
			Status   json.RawMessage // of HTTP in a problem
		}
		switch {
		case err != nil || json.Unmarshal(text, &is) != nil:
			breathe(ctx, try)
			continue
		case r.StatusCode == http.StatusConflict && is.Code == "REFUND_EXCEEDS_CAPTURE":
			m.status = order.RefundRefused
		case r.StatusCode == http.StatusOK:
			m.id = is.ID
			if err := json.Unmarshal(is.Status, &m.status); err != nil {
				c.complain("%s: answered %s", what, text)
			}
		case r.StatusCode == http.StatusAccepted: // it goes on by itself
			breathe(ctx, try)
			continue
		default:
			if !c.turnedAway(ctx, what, try, r, text) {
				return
			}
			continue
		}
		if was := c.support.of(f.Key); was.status != "" && was.status != m.status {
			c.complain("I7: %s was %s, and is %s", what, was.status, m.status)
		}
		c.support.note(f.Key, m)
		return
	}
}

func (s *support) note(key string, m made) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[key] = m
}

func (s *support) of(key string) made {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[key]
}

// judgeRefunds compares the answers that support got with the orders' records. The
// invariants compare those with the ledger and the provider's book.
func (v *verdict) judgeRefunds(records []order.Record, c *customers, orders []Order) {
	refunded := map[string]int64{} // by customer
	for _, r := range records {
		refunded[r.Placement.CustomerID] += r.Refunded
	}
	for _, o := range orders {
		var asked, paid, percent int64
		done := 0
		for _, f := range o.Refunds {
			m := c.support.of(f.Key)
			if m.amount == 0 { // the order was not confirmed
				continue
			}
			v.refunds[string(m.status)]++
			asked, percent = asked+1, percent+f.Percent
			switch m.status {
			case order.RefundDone:
				done++
				paid += m.amount
			case order.RefundRefused:
			default:
				v.wrong("I4: refund %s of order %d has no end", f.Key, o.N)
			}
		}
		if paid != refunded[o.Body.CustomerId] {
			v.wrong("I1: order %d: %d was paid back, its record says %d", o.N, paid, refunded[o.Body.CustomerId])
		}
		if want := min(asked, 100*asked/max(percent, 1)); int64(done) != want {
			v.wrong("I1: order %d: %d of %d refunds of %d %% together are made", o.N, done, asked, percent)
		}
	}
}
