package shop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/api/client"
)

// canary is a text that would run if a page did not escape it.
const canary = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>"'&{{.}}`

const (
	orderID = "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a70"
	caseID  = "019acf3e-4b80-7c11-8f3e-5d2a9b7c6e10"
	csrf    = "the-token-of-the-session"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fake answers the operations of the contract with what a test puts into it.
type fake struct {
	mu       sync.Mutex
	products []client.ListedProduct
	next     *string // cursor of the products
	order    client.Order
	orders   []client.Order
	payment  *client.Payment
	cases    []client.Case
	refuse   map[string]client.Problem // by "METHOD /path"
	asked    []*http.Request           // the requests, without their bodies
	bodies   []string
	ended    bool          // the session
	events   chan struct{} // each is an event of the order's stream; its end closes it
}

func (f *fake) change(how func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how(f)
}

// requests returns the bodies of the requests of a kind.
func (f *fake) requests(method, path string) (bodies []string, headers []http.Header) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, r := range f.asked {
		if r.Method == method && r.URL.Path == path {
			bodies, headers = append(bodies, f.bodies[i]), append(headers, r.Header)
		}
	}
	return bodies, headers
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body strings.Builder
	if r.Body != nil {
		var raw json.RawMessage
		if json.NewDecoder(r.Body).Decode(&raw) == nil {
			body.Write(raw)
		}
	}
	f.mu.Lock()
	f.asked, f.bodies = append(f.asked, r), append(f.bodies, body.String())
	problem, refused := f.refuse[r.Method+" "+r.URL.Path]
	ended := f.ended
	f.mu.Unlock()
	_, session := r.Cookie("__Host-amends-csrf")
	switch {
	case ended && session == nil:
		answer(w, http.StatusUnauthorized, client.Problem{Code: "UNAUTHENTICATED", Status: 401})
	case session == nil && r.Method != http.MethodGet && r.Header.Get("Amends-CSRF") != csrf && !strings.HasPrefix(r.URL.Path, "/v1/users"):
		answer(w, http.StatusForbidden, client.Problem{Code: "CSRF_TOKEN_WRONG", Status: 403})
	case refused:
		answer(w, problem.Status, problem)
	default:
		f.mux().ServeHTTP(w, r)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (f *fake) mux() *http.ServeMux {
	m := http.NewServeMux()
	handle := func(pattern string, status int, body func(r *http.Request) any) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			value := body(r)
			f.mu.Unlock()
			if p, ok := value.(client.Problem); ok {
				answer(w, p.Status, p)
				return
			}
			answer(w, status, value)
		})
	}
	nothing := func(*http.Request) any { return nil }
	handle("GET /v1/products", 200, func(*http.Request) any { return f.list() })
	handle("GET /v1/products/{sku}", 200, func(r *http.Request) any { return f.product(r.PathValue("sku")) })
	handle("GET /v1/orders", 200, func(*http.Request) any { return client.OrderList{Orders: f.orders} })
	handle("GET /v1/orders/{id}", 200, func(*http.Request) any { return f.order })
	handle("GET /v1/orders/{id}/overview", 200, func(*http.Request) any { return f.overview() })
	handle("POST /v1/orders/{id}/cancel", 202, func(*http.Request) any { return f.order })
	handle("GET /v1/orders/{id}/cases", 200, func(*http.Request) any { return client.Cases{Cases: f.cases} })
	handle("POST /v1/orders/{id}/cases", 201, func(*http.Request) any { return f.talk() })
	handle("GET /v1/orders/{id}/cases/{case}", 200, func(*http.Request) any { return f.talk() })
	handle("POST /v1/orders/{id}/cases/{case}/answers", 200, func(*http.Request) any { return f.talk() })
	handle("POST /v1/orders/{id}/cases/{case}/close", 200, func(*http.Request) any { return f.talk() })
	handle("GET /v1/me/addresses", 200, func(*http.Request) any {
		return client.SavedAddresses{Addresses: []client.SavedAddress{{Name: canary, Line1: "Hauptstr. 1", City: "Berlin", PostalCode: new("10115"), Country: "DE"}}}
	})
	handle("POST /v1/users", 202, nothing)
	handle("POST /v1/users/verification", 200, nothing)
	handle("POST /v1/password-resets", 202, nothing)
	handle("PUT /v1/password-resets/{token}", 204, nothing)
	m.HandleFunc("POST /v1/sessions", func(w http.ResponseWriter, _ *http.Request) { open(w); answer(w, 201, nil) })
	m.HandleFunc("POST /v1/sessions/refresh", func(w http.ResponseWriter, _ *http.Request) { open(w); answer(w, 200, nil) })
	handle("DELETE /v1/sessions/{id}", 204, nothing)
	m.HandleFunc("POST /v1/orders", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Amends-Claim", "claim-of-the-order")
		w.Header().Set("Amends-Version", orderID+":1")
		answer(w, 202, f.order)
	})
	m.HandleFunc("GET /v1/orders/{id}/invoice", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<!doctype html><html lang=en><title>Invoice</title><h1>Invoice for %s</h1>", r.Header.Get("Accept"))
	})
	m.HandleFunc("GET /v1/orders/{id}/events", f.stream)
	return m
}

func (f *fake) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	for {
		select {
		case _, more := <-f.events:
			if !more {
				return
			}
			if _, err := fmt.Fprint(w, "id: 1.1\nevent: payment.captured\ndata: {}\n\n"); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func open(w http.ResponseWriter) {
	for name, value := range map[string]string{"access": "a", "refresh": "r", "csrf": csrf} {
		http.SetCookie(w, &http.Cookie{Name: "__Host-amends-" + name, Value: value, Path: "/", Secure: true, HttpOnly: name != "csrf", Expires: time.Now().Add(time.Hour)})
	}
}

func (f *fake) list() client.ProductList {
	l := client.ProductList{Products: f.products, NextCursor: f.next}
	l.Facets.Categories = []client.Category{}
	for _, p := range f.products {
		l.Facets.Total++
		l.Facets.InStock++
		l.Facets.Categories = append(l.Facets.Categories, client.Category{Name: p.Category, Products: 1})
	}
	return l
}

func (f *fake) product(sku string) any {
	for _, p := range f.products {
		if p.Sku == sku {
			return client.Product{
				Sku: sku, Name: p.Name, Description: &p.Description, Category: &p.Category, Price: &p.Price, Active: true,
				Stock: &client.ProductStock{Available: p.Available, AsOf: at},
			}
		}
	}
	return client.Problem{Code: "NOT_FOUND", Status: 404}
}

func (f *fake) overview() client.OrderOverview {
	o := client.OrderOverview{Order: f.order, Payment: f.payment}
	for _, l := range f.order.Lines {
		o.Products = append(o.Products, client.NamedProduct{Sku: l.Sku, Name: "Name of " + l.Sku})
	}
	return o
}

func (f *fake) talk() any {
	if len(f.cases) == 0 {
		return client.Problem{Code: "NOT_FOUND", Status: 404}
	}
	return f.cases[0]
}
