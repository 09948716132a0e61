package load

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

// platform is a fake of the API that decides orders as the demo shop does, and
// misbehaves where a test asks it to.
type platform struct {
	url string

	decideAfter time.Duration
	// place may answer a placement instead of the platform; it reports whether it
	// did.
	place func(w http.ResponseWriter, key string, attempt int) bool
	// placed may change an order when it is placed.
	placed func(o *fakeOrder)
	// shown may change the shown order, or hide it.
	shown func(key string, o *client.Order) (missing bool)
	// told may change the answer to a placement.
	told func(key string, o *client.Order)
	// repeated decides the answer to a repeat: true is the right one.
	repeated func(key string, o *client.Order) (replayed bool)
	// browse answers a question for a product.
	browse func(w http.ResponseWriter, sku string)
	// stock of the hot item, if there is one.
	stock int

	mu       sync.Mutex
	orders   map[string]*fakeOrder // by key
	attempts map[string]int
	waiting  int // requests that wait for a decision, ever
}

// fakeOrder is an order and its future decision.
type fakeOrder struct {
	key    string
	order  client.Order
	end    end
	after  time.Duration
	placed time.Time
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{orders: map[string]*fakeOrder{}, attempts: map[string]int{}, decideAfter: 2 * time.Millisecond}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /v1/orders", p.servePlace)
	mux.HandleFunc("GET /v1/orders/{id}", p.serveGet)
	mux.HandleFunc("GET /v1/products/{sku}", func(w http.ResponseWriter, r *http.Request) { p.browse(w, r.PathValue("sku")) })
	mux.HandleFunc("POST /v1/orders/{id}/cancel", p.serveCancel)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *platform) servePlace(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	p.mu.Lock()
	p.attempts[key]++
	attempt := p.attempts[key]
	p.mu.Unlock()
	if p.place != nil && p.place(w, key, attempt) {
		return
	}
	var body client.PlaceOrder
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		refuse(w, http.StatusBadRequest, "MALFORMED_BODY")
		return
	}
	o, first := p.accept(key, body)
	if wait, ok := strings.CutPrefix(r.Header.Get("Prefer"), "wait="); ok {
		seconds, _ := strconv.Atoi(wait) // 0 waits for nothing
		p.mu.Lock()
		p.waiting++
		p.mu.Unlock()
		select {
		case <-time.After(min(time.Duration(seconds)*time.Second, time.Until(o.placed.Add(o.after)))):
		case <-r.Context().Done():
			return
		}
	}
	shown, _ := p.show(o, true)
	if p.told != nil {
		p.told(key, &shown)
	}
	if !first && (p.repeated == nil || p.repeated(key, &shown)) {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	answerOrder(w, shown)
}

// accept places an order, unless the key has one.
func (p *platform) accept(key string, body client.PlaceOrder) (o *fakeOrder, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.orders[key]; o != nil {
		return o, false
	}
	o = &fakeOrder{key: key, after: p.decideAfter, placed: time.Now(), end: confirmed, order: client.Order{
		Id: uuid.NewString(), CustomerId: &body.CustomerId, Status: string(order.Pending), Style: body.Style,
	}}
	var sum int64
	for _, l := range body.Lines {
		o.order.Lines = append(o.order.Lines, client.Line{Sku: l.Sku, Quantity: l.Quantity, UnitPrice: &client.Money{Amount: 100, Currency: body.Currency}})
		sum += 100 * l.Quantity
		if l.Sku == "TEA-SOLD-OUT" {
			o.end = outOfStock
		}
		if l.Sku == "HOT" {
			if p.stock--; p.stock < 0 {
				o.end = outOfStock
			}
		}
	}
	o.order.Total = &client.Money{Amount: sum, Currency: body.Currency}
	if slices.Contains(tokensRefused, body.PaymentToken) {
		o.end = end{order.Cancelled, order.PaymentDeclined}
	}
	if body.ShipTo.PostalCode == postalNobodyGoes {
		o.end = end{order.Cancelled, order.Undeliverable}
	}
	if p.placed != nil {
		p.placed(o)
	}
	p.orders[key] = o
	return o, true
}

// show returns the present state of the order.
func (p *platform) show(o *fakeOrder, acknowledging bool) (client.Order, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shown := o.order
	shown.CreatedAt, shown.UpdatedAt = o.placed, o.placed
	if at := o.placed.Add(o.after); !time.Now().Before(at) {
		shown.Status, shown.UpdatedAt = string(o.end.status), at
		if o.end.reason != "" {
			reason := string(o.end.reason)
			shown.Reason = &reason
		}
	}
	missing := !acknowledging && p.shown != nil && p.shown(o.key, &shown)
	return shown, missing
}

func (p *platform) find(id string) *fakeOrder {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.orders {
		if o.order.Id == id {
			return o
		}
	}
	return nil
}

func (p *platform) serveGet(w http.ResponseWriter, r *http.Request) {
	o := p.find(r.PathValue("id"))
	if o == nil {
		refuse(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	shown, missing := p.show(o, false)
	if missing {
		refuse(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	answerOrder(w, shown)
}

// serveCancel accepts the cancel of an order that is undecided, and decides it so.
func (p *platform) serveCancel(w http.ResponseWriter, r *http.Request) {
	o := p.find(r.PathValue("id"))
	if o == nil {
		refuse(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	p.mu.Lock()
	took := time.Since(o.placed)
	late := took >= o.after && o.end != onRequest
	if !late {
		o.end, o.after = onRequest, min(took, o.after)
	}
	p.mu.Unlock()
	if late {
		refuse(w, http.StatusConflict, codePastPivot)
		return
	}
	shown, _ := p.show(o, true)
	answerOrder(w, shown)
}

func answerOrder(w http.ResponseWriter, o client.Order) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/v1/orders/"+o.Id)
	if decided(o) {
		w.WriteHeader(http.StatusOK)
	} else {
		w.WriteHeader(http.StatusAccepted)
	}
	_ = json.NewEncoder(w).Encode(o) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Status: status, Code: code, Title: code}) // the client may be gone
}

// load runs a load that must not fail to run.
func (p *platform) load(t *testing.T, o Options) Report {
	t.Helper()
	o.BaseURL = p.url
	if o.Orders == 0 && o.Duration == 0 {
		o.Orders = 40
	}
	if o.Rate == 0 && o.Concurrency == 0 {
		o.Concurrency = 4
	}
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	return r
}
