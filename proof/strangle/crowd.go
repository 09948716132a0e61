package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/amends/amends/proof/wait"
)

// customers is how many accounts the monolith has.
const customers = 100

// placed is an order that a customer was answered.
type placed struct {
	id, customer string
	n            int    // of the customer
	side         string // that answered: legacy or service
	status       string
	total        int64
}

// crowd is the customers: they browse, place orders and look at them, all the time. It only
// knows the address of the gateway.
type crowd struct {
	gateway string
	client  *http.Client
	patient bool // a customer who is asked to come back does, instead of complaining

	busy sync.RWMutex    // held for reading by a customer who is active
	ctx  context.Context //nolint:containedctx // that of its goroutines, which stop ends
	stop context.CancelFunc
	all  sync.WaitGroup

	mu       sync.Mutex
	requests int
	failed   []string
	entered  int // log-ins
	crossing int // questions for an order that was not yet written back to the monolith
	back     int // requests of patient customers that were asked to come back
	orders   []placed
	slowest  time.Duration
}

func newCrowd(ctx context.Context, gateway string, patient bool) *crowd {
	c := &crowd{gateway: "http://" + gateway, patient: patient, client: &http.Client{Timeout: 2 * time.Minute}}
	c.ctx, c.stop = context.WithCancel(ctx)
	return c
}

// come has so many customers be active at a time until end.
func (c *crowd) come(active int) {
	turns := make(chan int)
	c.all.Go(func() {
		defer close(turns)
		for n := 0; ; n++ {
			select {
			case turns <- n%customers + 1:
			case <-c.ctx.Done():
				return
			}
		}
	})
	tokens := &sync.Map{}
	for range active {
		c.all.Go(func() {
			for n := range turns {
				c.busy.RLock()
				c.visit(&customer{c, n, tokens})
				c.busy.RUnlock()
			}
		})
	}
}

// end ends it after what its customers have begun.
func (c *crowd) end() {
	c.stop()
	c.all.Wait()
}

// rest has the customers wait until the returned function is called.
func (c *crowd) rest() (resume func()) {
	c.busy.Lock()
	return c.busy.Unlock
}

// placed returns the orders so far.
func (c *crowd) placed() []placed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.orders)
}

// at counts the orders that a side has answered.
func (c *crowd) at(side string) (n int) {
	for _, o := range c.placed() {
		if o.side == side {
			n++
		}
	}
	return n
}

// customer is one of the crowd during a visit.
type customer struct {
	*crowd

	n      int
	tokens *sync.Map // of all, by number
}

// visit is one round of a customer.
func (c *crowd) visit(v *customer) {
	sku := []string{"TEA-EARL-GREY", "MUG-STONEWARE", "KETTLE-STEEL"}[rand.IntN(3)]
	v.get("/v1/products?limit=5", nil)
	v.get("/v1/products/"+sku, nil)
	v.get("/v1/stock/"+sku, nil)
	o, ok := v.place(sku)
	if !ok {
		return
	}
	v.look(o)
}

// crosses is how long an order may take to the other side, if its account has moved since.
const crosses = 2 * time.Minute

// look looks at an order that was just placed. If the account has moved back to the monolith in
// between, the order may not be written back yet, and a good client asks again.
func (v *customer) look(o placed) {
	var seen order
	for end := time.Now().Add(crosses); ; {
		status, side := v.try(http.MethodGet, "/v1/orders/"+o.id, "", nil, &seen)
		switch {
		case status == http.StatusOK && seen.ID == o.id:
			return
		case status != http.StatusNotFound || side != "legacy" || o.side != "service" || time.Now().After(end):
			v.fail("order %s of the side %s is answered %d by %s", o.id, o.side, status, side)
			return
		}
		v.mu.Lock()
		v.crossing++
		v.mu.Unlock()
		_ = wait.For(context.WithoutCancel(v.ctx), time.Second) // a begun visit is not cut short
	}
}

// order is an order as clients see it.
type order struct {
	ID         string `json:"id"`
	CustomerID string `json:"customer_id"`
	Status     string `json:"status"`
	Total      struct {
		Amount int64 `json:"amount"`
	} `json:"total"`
}

// forgets is the longest time until a client repeats a placement. Its account may move meanwhile.
const forgets = 3 * time.Second

// place places an order, and every fourth time sends the placement again, as a client does
// that has lost the answer: sometimes behind a move of the route.
func (v *customer) place(sku string) (placed, bool) {
	body, _ := json.Marshal(map[string]any{ // of texts and numbers only
		"currency": "EUR", "lines": []any{map[string]any{"sku": sku, "quantity": 1 + rand.IntN(2)}}, "payment_token": "tok_visa",
		"ship_to": map[string]string{"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
	})
	key, repeat := fmt.Sprintf("story-%d-%d", time.Now().UnixNano(), rand.Uint32()), rand.IntN(4) == 0
	var o order
	side, ok := v.call(http.MethodPost, "/v1/orders", key, body, &o)
	if !ok || o.ID == "" {
		return placed{}, false
	}
	p := placed{o.ID, o.CustomerID, v.n, side, o.Status, o.Total.Amount}
	v.mu.Lock()
	v.orders = append(v.orders, p)
	v.mu.Unlock()
	if repeat {
		_ = wait.For(context.WithoutCancel(v.ctx), rand.N(forgets)) // a begun visit is not cut short
		var again order
		if _, ok := v.call(http.MethodPost, "/v1/orders", key, body, &again); ok && again.ID != o.ID {
			v.fail("one key placed the orders %s and %s", o.ID, again.ID)
		}
	}
	return p, true
}

func (v *customer) get(path string, out any) { v.call(http.MethodGet, path, "", nil, out) }

// call makes a request that must succeed, and returns the side that answered.
func (v *customer) call(method, path, key string, body []byte, out any) (side string, ok bool) {
	status, side := v.try(method, path, key, body, out)
	if ok = status >= 200 && status <= 299; !ok {
		v.fail("%s %s was answered %d by %s", method, path, status, side)
	}
	return side, ok
}

// comings is how often a patient customer comes for one answer.
const comings = 10

// comesBack reports whether the customer may ask again, after the pause that an answer asks for:
// the platform has no time, which says nothing about the move.
func (v *customer) comesBack(status int, header http.Header, attempt int) bool {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || !v.patient || status != http.StatusServiceUnavailable || attempt == comings {
		return false
	}
	v.mu.Lock()
	v.back++
	v.mu.Unlock()
	return wait.For(context.WithoutCancel(v.ctx), time.Duration(seconds)*time.Second) == nil
}

// try makes a request as the customer, who logs in first, and again if the session has ended.
// Status 0 is no answer, or one that cannot be read.
func (v *customer) try(method, path, key string, body []byte, out any) (status int, side string) {
	for attempt := 1; ; attempt++ {
		token, known := v.tokens.Load(v.n)
		if !known {
			if token, known = v.logIn(); !known {
				return 0, ""
			}
		}
		status, side, content := v.send(method, path, token.(string), key, body) //nolint:forcetypeassert,errcheck // only texts are stored
		switch {
		case status == http.StatusUnauthorized && attempt == 1: // sessions have moved
			v.tokens.Delete(v.n)
			continue
		case status >= 200 && status <= 299 && out != nil && json.Unmarshal(content, out) != nil:
			return 0, side
		case status < 200 || status > 299 && status != http.StatusNotFound:
			v.fail("%s %s says %.300s", method, path, content)
		}
		return status, side
	}
}

func (v *customer) logIn() (token any, ok bool) {
	body, _ := json.Marshal(map[string]string{"email": fmt.Sprintf("customer-%d@shop.example", v.n), "password": "an old password"}) // of texts
	status, side, content := v.send(http.MethodPost, "/v1/sessions", "", "", body)
	var opened struct {
		Token string `json:"access_token"`
	}
	if status != http.StatusCreated || json.Unmarshal(content, &opened) != nil {
		v.fail("a log-in was answered %d by %s: %.200s", status, side, content)
		return nil, false
	}
	v.tokens.Store(v.n, opened.Token)
	v.mu.Lock()
	v.entered++
	v.mu.Unlock()
	return opened.Token, true
}

// send makes one request, or the same again if the customer is patient.
func (v *customer) send(method, path, token, key string, body []byte) (status int, side string, content []byte) {
	for attempt := 1; ; attempt++ {
		status, header, content, err := v.once(method, path, token, key, body)
		if err != nil {
			return 0, "", []byte(err.Error())
		}
		if !v.comesBack(status, header, attempt) {
			return status, header.Get("Amends-Route"), content
		}
	}
}

// once makes one request, and reads its answer.
func (v *customer) once(method, path, token, key string, body []byte) (status int, header http.Header, content []byte, err error) {
	// A visit is finished: an end of the story is not a failure.
	r, err := http.NewRequestWithContext(context.WithoutCancel(v.ctx), method, v.gateway+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("Prefer", "wait=10")
	}
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	answer, err := v.client.Do(r)
	v.mu.Lock()
	v.requests++
	v.slowest = max(v.slowest, time.Since(began))
	v.mu.Unlock()
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	content, err = io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, content, err
}

func (c *crowd) fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}
