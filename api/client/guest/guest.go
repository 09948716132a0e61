// Package guest lets programs order without an account: it keeps the claims that an API
// answers to placements, and sends them with requests about these orders.
package guest

import (
	"net/http"
	"strings"
	"sync"
)

const (
	headerClaim = "Amends-Claim"
	orders      = "/v1/orders/"
)

// Transport is an [http.RoundTripper] that remembers the claim of each order for as long
// as it lives. It is safe for concurrent use.
type Transport struct {
	next http.RoundTripper

	mu     sync.Mutex
	claims map[string]string // by order
}

// New returns a transport over next, which makes the requests.
func New(next http.RoundTripper) *Transport {
	return &Transport{next: next, claims: map[string]string{}}
}

// RoundTrip implements [http.RoundTripper]. A request that has a claim keeps it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if claim := t.claim(orderIn(r.URL.Path)); claim != "" && r.Header.Get(headerClaim) == "" {
		r = r.Clone(r.Context()) // a transport must not change the caller's
		r.Header.Set(headerClaim, claim)
	}
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err //nolint:wrapcheck // the client wraps it
	}
	if claim, id := res.Header.Get(headerClaim), orderIn(res.Header.Get("Location")); claim != "" && id != "" {
		t.keep(id, claim)
	}
	return res, nil
}

// CloseIdleConnections closes those of the transport below.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) claim(order string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.claims[order]
}

func (t *Transport) keep(order, claim string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.claims[order] = claim
}

// orderIn returns the order that a path names, "" if it names none.
func orderIn(path string) string {
	_, rest, _ := strings.Cut(path, orders)
	id, _, _ := strings.Cut(rest, "/")
	return id
}
