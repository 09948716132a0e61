package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/api/client/guest"
	"github.com/amends/amends/proof/wait"
)

// browser is the HTTP client of all customers.
var browser = &http.Client{Timeout: 20 * time.Second, Transport: guest.New(http.DefaultTransport)}

// customers place orders, and come back until they are answered.
type customers struct {
	api     *client.ClientWithResponses
	journal *journal
	support *support

	mu        sync.Mutex
	placed    int            // requests that placed an order
	repeated  int            // of these, because the last one was not answered
	sorry     map[string]int // why they were turned away: code of the problem
	cancelled map[int]bool   // orders that were asked to be cancelled
	atOnce    map[int]bool   // orders of which copies at once were all acknowledged
	wrong     []string       // answers that no customer should get
	done      map[int]bool   // orders with a 2xx
	group     sync.WaitGroup
	leave     context.CancelFunc // ends the turns of all customers
}

func newCustomers(url, admin string, j *journal) (*customers, error) {
	api, err := client.NewClientWithResponses(url, client.WithHTTPClient(browser))
	if err != nil {
		return nil, err
	}
	return &customers{
		api: api, journal: j, support: &support{admin: admin, made: map[string]made{}},
		sorry: map[string]int{}, cancelled: map[int]bool{}, atOnce: map[int]bool{}, done: map[int]bool{},
	}, nil
}

// visit starts all customers. It returns at once.
func (c *customers) visit(ctx context.Context, orders []Order) {
	ctx, c.leave = context.WithCancel(ctx)
	began := time.Now()
	for _, o := range orders {
		c.group.Go(func() {
			if wait.For(ctx, time.Until(began.Add(o.At))) == nil {
				c.shop(ctx, o)
			}
		})
	}
}

func (c *customers) shop(ctx context.Context, o Order) {
	ids := make([]string, o.Copies)
	var copies sync.WaitGroup
	for i := range ids {
		copies.Go(func() { ids[i] = c.insist(ctx, o, o.Body) })
	}
	copies.Wait()
	id := ids[0]
	for _, other := range ids {
		if other == "" {
			return // their time is over: judged as not answered
		}
		if other != id {
			c.complain("I5: order %d was placed at once as %s and as %s", o.N, id, other)
		}
	}
	c.mu.Lock()
	c.done[o.N] = true
	c.atOnce[o.N] = o.Copies > 1
	c.mu.Unlock()
	if o.Cancel > 0 && wait.For(ctx, o.Cancel) == nil {
		c.cancel(ctx, o, id)
	}
	if o.Again > 0 && wait.For(ctx, o.Again) == nil {
		if again := c.insist(ctx, o, o.Body); again != id && again != "" {
			c.complain("I5: order %d was placed again as %s, it was %s", o.N, again, id)
		}
		c.reuse(ctx, o)
	}
	c.refund(ctx, o, id)
}

// insist places an order until it is answered, and returns its id; "" if that took
// too long.
func (c *customers) insist(ctx context.Context, o Order, body client.PlaceOrder) (id string) {
	for try := 0; ctx.Err() == nil; try++ {
		c.mu.Lock()
		c.placed++
		c.repeated += min(try, 1)
		c.mu.Unlock()
		r, err := c.api.PlaceOrderWithResponse(ctx, &client.PlaceOrderParams{IdempotencyKey: o.Key}, body, o.sign)
		if err != nil { // nothing listens, or it died while it answered
			c.sent("no answer")
			breathe(ctx, try)
			continue
		}
		if id = c.read(o, r); r.StatusCode() < 300 {
			return id
		}
		if !c.turnedAway(ctx, fmt.Sprintf("placement of order %d", o.N), try, r.HTTPResponse, r.Body) {
			return ""
		}
	}
	return ""
}

// read records the acknowledgement of an answer.
func (c *customers) read(o Order, r *client.PlaceOrderResponse) (id string) {
	at := r.HTTPResponse.Header.Get("Location")
	if at == "" {
		return ""
	}
	a := Acknowledgement{
		Order: o.N, ID: strings.TrimPrefix(at, "/v1/orders/"), Status: r.StatusCode(),
		Replayed: r.HTTPResponse.Header.Get("Idempotency-Replayed") == "true",
	}
	if view := cmp.Or(r.JSON200, r.JSON202); view != nil {
		a.Is = view.Status
		if view.Total != nil {
			a.Total = &view.Total.Amount
		}
		if view.Id != a.ID {
			c.complain("order %d is %s, its Location says %s", o.N, view.Id, a.ID)
		}
	}
	if err := c.journal.write(a); err != nil {
		c.complain("%v", err)
	}
	return a.ID
}

// turnedAway waits as long as an answer says, and reports whether that answer is
// allowed under faults.
func (c *customers) turnedAway(ctx context.Context, what string, try int, r *http.Response, body []byte) bool {
	var problem client.Problem
	if err := json.Unmarshal(body, &problem); err != nil {
		c.complain("%s: answered %d %.200s", what, r.StatusCode, body)
		return false
	}
	after, err := time.ParseDuration(r.Header.Get("Retry-After") + "s")
	if r.StatusCode != http.StatusServiceUnavailable || err != nil {
		c.complain("%s: answered %d %s, Retry-After %q", what, r.StatusCode, problem.Code, r.Header.Get("Retry-After"))
		return false
	}
	c.sent(problem.Code)
	return wait.For(ctx, patience(after, try)) == nil
}

// patience is the pause of a good client before it tries again: ever longer, up to
// ten seconds, and random, so that customers do not come at the same time.
func patience(least time.Duration, try int) time.Duration {
	most := min(least<<min(try, 5), 10*time.Second)
	return max(least, rand.N(most+1))
}

// breathe waits before a request without an answer is repeated. It returns early
// if ctx ends, which the caller's loop checks.
func breathe(ctx context.Context, try int) {
	_ = wait.For(ctx, patience(300*time.Millisecond, try))
}

func (c *customers) sent(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sorry[code]++
}

// cancel asks until it is answered.
func (c *customers) cancel(ctx context.Context, o Order, id string) {
	c.mu.Lock()
	c.cancelled[o.N] = true
	c.mu.Unlock()
	for try := 0; ctx.Err() == nil; try++ {
		r, err := c.api.CancelOrderWithResponse(ctx, id, client.CancelOrder{}, o.sign)
		if err != nil {
			breathe(ctx, try)
			continue
		}
		switch r.StatusCode() {
		case http.StatusOK, http.StatusAccepted:
			return
		case http.StatusConflict:
			if r.ApplicationproblemJSON409.Code != "PAST_PIVOT" {
				c.complain("cancel of order %d: %s", o.N, r.ApplicationproblemJSON409.Code)
			}
			return
		}
		if !c.turnedAway(ctx, fmt.Sprintf("cancel of order %d", o.N), try, r.HTTPResponse, r.Body) {
			return
		}
	}
}

// reuse uses the key of an order for another one, which must be refused.
func (c *customers) reuse(ctx context.Context, o Order) {
	other := o.Body
	other.ShipTo.Line1 = "Hauptstr. 2"
	for try := 0; ctx.Err() == nil; try++ {
		r, err := c.api.PlaceOrderWithResponse(ctx, &client.PlaceOrderParams{IdempotencyKey: o.Key}, other, o.sign)
		if err != nil {
			breathe(ctx, try)
			continue
		}
		if p := r.ApplicationproblemJSON422; p != nil && p.Code == "IDEMPOTENCY_KEY_REUSED" {
			return
		}
		if !c.turnedAway(ctx, fmt.Sprintf("another order under the key of order %d", o.N), try, r.HTTPResponse, r.Body) {
			return
		}
	}
}

func (c *customers) complain(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}
