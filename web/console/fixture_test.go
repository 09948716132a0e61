package console

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/words"
)

// The secrets of the people of the tests.
const (
	nightSecret   = "night-night-night-1"
	supportSecret = "mia-mia-mia-mia-mia"
)

// canary is a text that must never become a part of a page.
const canary = `"'><script>document.title='canary'</script><img src=x onerror=document.title='canary'>`

const (
	flagged   = "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a70"
	confirmed = "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a71"
	undone    = "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a72"
	caseID    = "019acf3e-4b80-7c11-8f3e-5d2a9b7c6e10"
)

// world answers as the admin address and the API do. Its texts that people can write are
// canaries.
type world struct {
	now   time.Time
	empty bool
	away  bool        // everything but the sign-in
	lost  bool        // the payment, the stock, the parcels and the messages of orders
	slow  atomic.Bool // the provider

	before func(path string) // is called before each answer; nil: nothing

	personal atomic.Bool // the last question about an order asked for personal data

	mu       sync.Mutex
	repaired []contract.RepairOrder
	asked    []string // methods and paths of requests that change something
	keys     []string // of refunds
	refuse   string   // the code of the problem of refunds; empty: none
	set      []contract.SetRoute
	batches  map[string]*contract.Batch
	journal  bool // the user service, which keeps batches, is away
}

func (w *world) at(ago time.Duration) time.Time { return w.now.Add(-ago) }

func euro(minor int64) contract.Money { return contract.Money{Amount: minor, Currency: "EUR"} }

// step returns a step that began some time ago, and took a while.
func (w *world) step(name, state string, attempts int, began, took time.Duration) contract.Step {
	s := contract.Step{Name: name, State: state, Attempts: attempts}
	if began > 0 {
		s.StartedAt = new(w.at(began))
	}
	if took > 0 {
		s.EndedAt = new(w.at(began - took))
	}
	return s
}

func (w *world) orders() []contract.OperatorsOrder {
	base := func(id, status string) contract.OperatorsOrder {
		return contract.OperatorsOrder{
			Id: id, Status: status, Style: "orchestrated", CustomerId: new("cus_" + canary), Currency: new("EUR"), Total: new(euro(12600)), Source: "workflow",
			Lines:     []contract.Line{{Sku: "MUG-STONEWARE", Quantity: 2, UnitPrice: new(euro(1850))}, {Sku: canary, Quantity: 1}},
			CreatedAt: w.at(5 * time.Minute), UpdatedAt: w.at(time.Minute),
			Attention: []contract.Attention{}, Parcels: []contract.Parcel{}, Steps: []contract.Step{},
			Waivers: []contract.Waiver{}, Repairs: []contract.Repair{}, Acknowledgements: []contract.Acknowledgement{}, Actions: &[]contract.AllowedAction{},
		}
	}
	a := base(flagged, "PENDING")
	a.NeedsAttention = true
	a.Attention = []contract.Attention{{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Since: w.at(3 * time.Minute), Owed: "money held"}}
	a.Steps = []contract.Step{
		w.step("order.create", "done", 1, 5*time.Minute, 12*time.Millisecond), w.step("catalog.quote", "done", 1, 299*time.Second, 30*time.Millisecond),
		w.step("inventory.reserve", "done", 1, 298*time.Second, 41*time.Millisecond), w.step("payment.authorize", "flagged", 4, 298*time.Second, 0),
		w.step("shipping.book", "waiting", 0, 0, 0), w.step("payment.capture", "waiting", 0, 0, 0), w.step("inventory.commit", "waiting", 0, 0, 0), w.step("order.confirm", "waiting", 0, 0, 0),
	}
	a.Steps[2].Exposure, a.Steps[3].Exposure, a.Steps[3].Error = new("stock held"), new("money held"), new("PROVIDER_TIMEOUT")
	a.Actions = &[]contract.AllowedAction{
		{Action: contract.AllowRetry, Step: new("payment.authorize"), Effect: "The next attempt of payment.authorize is made now instead of at its due time. " + canary},
		{Action: contract.AllowSkip, Step: new("payment.authorize"), NeedsReference: new(true), Effect: "The undo of payment.authorize is given up: money held stays as it is, and a waiver says so."},
		{Action: contract.AllowResume, Effect: "A new run of the saga settles the payment first."},
	}
	for i := range *a.Actions {
		(*a.Actions)[i].DryRun = new(true)
	}
	w.mu.Lock()
	for _, r := range w.repaired {
		a.Repairs = append(a.Repairs, contract.Repair{Step: words.Deref(r.Step), Action: string(r.Action), Reason: *r.Reason, Operator: "night", At: w.now})
		a.Steps[3].State, a.Steps[3].EndedAt = "done", new(w.now.Add(time.Second))
		a.Attention, a.NeedsAttention, a.Actions = []contract.Attention{}, false, &[]contract.AllowedAction{}
	}
	w.mu.Unlock()

	b := base(confirmed, "CONFIRMED")
	for i, name := range []string{"order.create", "catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book", "payment.capture", "inventory.commit", "order.confirm"} {
		b.Steps = append(b.Steps, w.step(name, "done", 1+i%2, time.Duration(300-i)*time.Second, time.Duration(20+7*i)*time.Millisecond))
	}
	b.Actions = &[]contract.AllowedAction{{Action: contract.AllowRefund, DryRun: new(true), Most: new(euro(12600)), Effect: "A part of the captured money, or all of it, is paid back."}}
	b.Acknowledgements = []contract.Acknowledgement{{Reason: canary, Operator: canary, Reference: new(canary), At: w.at(time.Minute), Flags: []contract.Attention{{}}}}

	c := base(undone, "CANCELLED")
	c.Style, c.Reason = "choreographed", new("PAYMENT_DECLINED")
	c.Steps = []contract.Step{
		w.step("order.create", "done", 1, 5*time.Minute, time.Millisecond), w.step("catalog.quote", "done", 1, 299*time.Second, time.Millisecond),
		w.step("inventory.reserve", "undone", 1, 298*time.Second, time.Second), w.step("payment.authorize", "undone", 1, 298*time.Second, time.Second),
		w.step("shipping.book", "waived", 3, 297*time.Second, time.Second), w.step("payment.capture", "refused", 1, 296*time.Second, time.Second),
		w.step("order.decide", "done", 1, 295*time.Second, time.Millisecond), w.step("order.cancel", "done", 1, 290*time.Second, time.Millisecond),
	}
	c.Steps[5].Error, c.Steps[4].Exposure = new("PAYMENT_DECLINED"), new("parcels booked")
	c.Waivers = []contract.Waiver{{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Owed: "parcels booked", Reason: canary, Operator: "night", Reference: new(canary), At: w.at(2 * time.Minute)}}
	c.Repairs = []contract.Repair{{Step: "shipping.book", Action: "skip", Reason: canary, Operator: canary, At: w.at(2 * time.Minute)}}
	return []contract.OperatorsOrder{a, b, c}
}

// listed returns an order as lists have it.
func listed(o contract.OperatorsOrder) contract.Order {
	return contract.Order{
		Id: o.Id, CustomerId: o.CustomerId, Status: o.Status, Style: o.Style, Reason: o.Reason, Total: o.Total, Lines: o.Lines, NeedsAttention: o.NeedsAttention,
		Attention: o.Attention, Steps: o.Steps, Parcels: o.Parcels, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Source: o.Source,
	}
}

// handler serves the operations that the console asks.
func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, answer func(r *http.Request) any) {
		mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, r *http.Request) {
			if w.away && path != "/v1/operator" || w.lost && strings.HasSuffix(path, "/notifications") {
				problem(rw, 503, "UNAVAILABLE")
				return
			}
			out := answer(r)
			if out == nil {
				problem(rw, 404, "NOT_FOUND")
				return
			}
			write(rw, 200, out)
		})
	}
	get("/v1/operator", func(r *http.Request) any {
		if bearer(r) == supportSecret {
			return contract.Operator{Name: "account mia", Role: contract.RoleSupport}
		}
		return contract.Operator{Name: "night", Role: contract.RoleOperator}
	})
	get("/v1/overview", func(*http.Request) any { return w.overview() })
	get("/v1/orders", func(r *http.Request) any {
		out := contract.OrderList{Orders: []contract.Order{}}
		for _, o := range w.orders() {
			if !w.empty && (r.URL.Query().Get("needs_attention") != "true" || o.NeedsAttention) {
				out.Orders = append(out.Orders, listed(o))
			}
		}
		if !w.empty && r.URL.Query().Get("cursor") == "" {
			out.NextCursor = new("next/" + canary)
		}
		return out
	})
	one := func(r *http.Request) *contract.OperatorsOrder {
		for _, o := range w.orders() {
			if o.Id == r.PathValue("id") {
				return &o
			}
		}
		return nil
	}
	get("/v1/orders/{id}", func(r *http.Request) any {
		if o := one(r); o != nil {
			w.personal.Store(r.URL.Query().Get("personal") == "true")
			return o
		}
		return nil
	})
	w.keepBatches(mux, get)
	w.details(get)
	w.platform(get, mux)
	w.routing(get, mux)
	w.acts(get)
	mux.HandleFunc("POST /v1/orders/{id}/repair", func(rw http.ResponseWriter, r *http.Request) {
		var in contract.RepairOrder
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Reason == nil {
			problem(rw, 422, "REASON_MISSING")
			return
		}
		if in.DryRun != nil && *in.DryRun {
			w.try(rw, "dry "+string(in.Action), one(r))
			return
		}
		w.mu.Lock()
		w.repaired = append(w.repaired, in)
		w.mu.Unlock()
		write(rw, 200, one(r))
	})
	mux.HandleFunc("POST /v1/orders/{id}/refunds", func(rw http.ResponseWriter, r *http.Request) {
		var in contract.RefundOrder
		if json.NewDecoder(r.Body).Decode(&in) == nil && words.Deref(in.DryRun) {
			write(rw, 200, contract.Refund{DryRun: &contract.DryRun{Asks: []contract.AskedStep{{Step: "payment.refund", Call: contract.CallTake, Amount: new(euro(500))}}, Leaves: new(euro(12100))}})
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.keys = append(w.keys, r.Header.Get("Idempotency-Key"))
		if w.refuse != "" {
			problem(rw, 422, w.refuse)
			return
		}
		write(rw, 200, contract.Refund{Amount: euro(500)})
	})
	mux.HandleFunc("POST /v1/", func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.URL.Path)
		w.mu.Unlock()
		write(rw, 202, map[string]any{})
	})
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { problem(rw, 404, "NOT_FOUND") })
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.before != nil {
			w.before(r.URL.Path)
		}
		if b := bearer(r); strings.HasPrefix(r.URL.Path, "/v1/") && b != nightSecret && b != supportSecret {
			problem(rw, 401, "UNAUTHORIZED")
			return
		}
		if r.Method != http.MethodGet && bearer(r) == supportSecret && !strings.HasPrefix(r.URL.Path, "/v1/cases") {
			problem(rw, 403, "SCOPE_MISSING")
			return
		}
		mux.ServeHTTP(rw, r)
	})
}

func (w *world) overview() contract.Overview {
	o := contract.Overview{At: w.now, Complete: true, Holds: contract.Exposure{MoneyHeld: []contract.Money{}, MoneyTaken: []contract.Money{}}}
	if w.empty {
		return o
	}
	o.Undecided, o.Flagged = 12, contract.Tally{Count: 1, LastHour: 1, Trend: &[]int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, Oldest: new(w.at(3 * time.Minute))}
	if first := w.orders()[0]; first.NeedsAttention {
		o.Longest = []contract.WaitingOrder{{Id: first.Id, Status: first.Status, Since: w.at(3 * time.Minute), Attention: first.Attention}}
	} else {
		o.Flagged = contract.Tally{}
	}
	o.Overdue = contract.Tally{Count: 2, Oldest: new(w.at(2 * time.Hour))}
	o.Holds = contract.Exposure{MoneyHeld: []contract.Money{euro(151200), {Amount: 990, Currency: "USD"}}, MoneyTaken: []contract.Money{euro(12600)}, StockHeld: 36, ParcelsBooked: 1}
	o.Missing = &contract.Missing{{Part: "shipments", Code: "UNAVAILABLE"}}
	return o
}

// details are the parts of the page of an order.
func (w *world) details(get func(string, func(*http.Request) any)) {
	get("/v1/orders/{id}/timeline", func(*http.Request) any {
		return contract.Timeline{Entries: []contract.TimelineEntry{
			{At: w.at(5 * time.Minute), Fact: "order.placed", Step: w.step("order.create", "done", 1, 300*time.Second, 0)},
			{At: w.at(4 * time.Minute), Fact: "payment.refused", Step: contract.Step{Name: "payment.authorize", State: "refused", Error: new(canary)}},
		}}
	})
	get("/v1/orders/{id}/holdings", func(*http.Request) any { return w.holdings() })
	get("/v1/orders/{id}/refunds", func(*http.Request) any {
		return contract.Refunds{Refunds: []contract.Refund{{Id: flagged, Status: "DONE", Amount: euro(1850), Reason: canary, By: canary, CreatedAt: w.now}}}
	})
	get("/v1/orders/{id}/notifications", func(*http.Request) any {
		return contract.Notifications{Notifications: []contract.Notification{{Id: "1", Kind: "order.confirmed", Channel: "email", Recipient: "cus_42", State: "SENT", CreatedAt: w.now}}}
	})
	get("/v1/dead-letters", func(*http.Request) any {
		out := contract.DeadLetters{DeadLetters: []contract.DeadLetter{}}
		if !w.empty {
			out.DeadLetters = append(out.DeadLetters, contract.DeadLetter{
				Id: "e1", Group: "payment", Type: "amends.order.placed.v1", Key: canary, Attempts: 3, Code: "REQUEST_MISMATCH", Message: canary,
				Since: w.at(time.Hour), TriedAt: new(w.at(time.Minute)), Data: map[string]any{"name": canary},
			})
		}
		return out
	})
	get("/v1/cases", func(*http.Request) any {
		out := contract.SupportCases{Cases: []contract.SupportCase{}}
		if !w.empty {
			out.Cases = append(out.Cases, w.supportCase())
		}
		return out
	})
	get("/v1/cases/{id}", func(*http.Request) any { return w.supportCase() })
}

func (w *world) supportCase() contract.SupportCase {
	return contract.SupportCase{
		Id: caseID, OrderId: confirmed, Subject: "One mug is broken " + canary, State: "open", Assignee: new(canary), CreatedAt: w.at(time.Hour), UpdatedAt: w.at(time.Minute),
		Messages: &[]contract.SupportMessage{{Author: "customer", Text: canary, At: w.at(time.Hour)}, {Author: "support", By: new(canary), Text: "Another one is on its way. " + canary, At: w.at(time.Minute)}},
	}
}

// platform are the questions about the platform itself.
func (w *world) platform(get func(string, func(*http.Request) any), mux *http.ServeMux) {
	get("/v1/projections", func(*http.Request) any {
		if w.empty {
			return contract.Projections{Projections: []contract.Projection{}}
		}
		return contract.Projections{Projections: []contract.Projection{{Name: "orders", Generation: 1, Events: 4711, Newest: new(w.at(time.Second)), Behind: new(int64(0)), AsOf: new(w.at(time.Second))}}}
	})
	get("/v1/services", func(*http.Request) any {
		out := contract.ServiceInstances{Instances: []contract.ServiceInstance{}}
		if !w.empty {
			out.Instances = append(out.Instances, contract.ServiceInstance{Service: "payment", Instance: "i1", Address: "10.0.0.7:7001", Version: "v0.2.0", StartedAt: w.at(26 * time.Hour), Calls: 4711})
		}
		return out
	})
	w.doctor(get, mux)
	w.invoice(mux)
	get("/readyz", func(*http.Request) any {
		return contract.Health{Status: contract.HealthOK, Warnings: &[]string{"the clock of this host is 3 s ahead"}}
	})
	mux.HandleFunc("GET /metrics", func(rw http.ResponseWriter, _ *http.Request) {
		if !w.empty {
			_, _ = rw.Write([]byte("# HELP amends_events_unheard_seconds x\namends_events_unheard_seconds{group=\"payment\"} 7.5\namends_events_dead{group=\"payment\"} 1\namends_events_behind{group=\"query\"} -1\namends_orders_stuck{cause=\"no_worker\"} 3\namends_orders_stuck{cause=\"late\"} 0\namends_orders_stuck_last_hour 2\namends_orders_stuck_arrived{minutes_ago=\"0\"} 0\namends_orders_stuck_arrived{minutes_ago=\"20\"} 2\namends_orders_stuck_since_timestamp_seconds " + strconv.FormatInt(w.at(3*time.Hour).Unix(), 10) + "\namends_discovery_ejected{service=\"shipping\"} 1\namends_discovery_ejected{service=\"payment\"} 0\namends_certificate_end_seconds{name=\"rpc\"} " + strconv.FormatInt(w.at(-20*24*time.Hour).Unix(), 10) + "\n"))
		}
	})
	mux.HandleFunc("GET /asyncapi.yaml", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(contract.EventsYAML) })
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, code string) {
	write(w, status, contract.Problem{Status: status, Code: code, Title: "A problem: " + code, RequestId: "r1", Type: "t"})
}

// serve starts a console about a world.
func serve(t *testing.T, w *world) *httptest.Server {
	t.Helper()
	w.now = time.Now()
	done := make(chan struct{})
	h := w.handler()
	server := httptest.NewServer(New(Config{
		Admin: h, API: h, Engine: "http://127.0.0.1:8233/namespaces/default", Logger: slog.New(slog.DiscardHandler), Draining: done,
		Graph: w.graph(),
		Demo: &Demo{APIKey: nightSecret, Mails: func(int) ([]Mail, error) {
			if w.empty {
				return nil, nil
			}
			return []Mail{{ID: "m1", From: "shop@example.com", To: canary, Subject: canary, Text: canary, At: w.now}}, nil
		}, Faults: func() []Fault {
			return []Fault{{Name: "provider-slow", Title: "The payment provider is slow", Becomes: "orders are confirmed later", On: w.slow.Load()}, {Name: "broker-away", Title: "The broker is away", Becomes: "lists are old"}}
		}, Switch: func(_ context.Context, name string, on bool) error {
			if name != "provider-slow" {
				return errors.New("there is no such fault")
			}
			w.slow.Store(on)
			return nil
		}},
	}))
	t.Cleanup(func() { close(done); server.Close() })
	return server
}

// repair returns the retry of a step.
func repair(step string) contract.RepairOrder {
	return contract.RepairOrder{Step: &step, Action: contract.ActionRetry, Reason: new("they are back")}
}
