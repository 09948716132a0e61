//go:build whole

package upgrade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// guestSecret is that of the APIs of this build, which the last release does not know.
const guestSecret = "the secret of the guests of tests"

// claims sends with each request about an order the claim that its guest has: an API of
// this build has answered it to the placement, or would to a repeat. The last release
// ignores it.
type claims struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (c claims) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, rest, of := strings.Cut(r.URL.Path, "/v1/orders/"); of {
		id, _, _ := strings.Cut(rest, "/")
		r = r.Clone(r.Context()) // a transport must not change the caller's
		r.Header.Set("Amends-Claim", identity.NewGuests(guestSecret).Claim(id))
	}
	return c.next.RoundTrip(r) //nolint:wrapcheck // the client wraps it
}

var browser = &http.Client{Transport: claims{http.DefaultTransport}}

// hard are orders whose ends are not known at once, and their ends. The provider does not
// tell of the first kind for two minutes, so that it is flagged.
var hard = []struct{ token, postalCode string }{
	{"tok_unknown", "10115"},
	{"tok_timeout_after_charge", "10115"},
	{"tok_capture_lost", "10115"},
	{"tok_unavailable", "10115"},
	{"tok_visa", "99999"},
}

// placed is an order that an API has taken.
type placed struct {
	ID, Status     string
	NeedsAttention bool `json:"needs_attention"`
	Steps          []struct {
		Name  string
		State saga.State
	}

	key  string
	body client.PlaceOrder
}

// at reports whether a step of it has begun, and has not ended.
func (p *placed) at(step string) bool {
	for _, s := range p.Steps {
		if s.Name == step {
			return s.State == saga.Running || s.State == saga.Flagged
		}
	}
	return false
}

// place places an order, and repeats that until it is taken.
func (s *stand) place(token, postalCode string, style order.Style) (p placed) {
	s.t.Helper()
	p.key, p.body = uuid.NewString(), client.PlaceOrder{
		CustomerId: "cus_1", Currency: "EUR", PaymentToken: token, Style: client.Style(style),
		Lines:  []client.LineRequest{{Sku: "MUG", Quantity: 2}, {Sku: "KETTLE", Quantity: 1}},
		ShipTo: client.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: postalCode, Country: "DE"},
	}
	s.again(&p)
	return p
}

// again places p again, with its key.
func (s *stand) again(p *placed) {
	s.t.Helper()
	body, err := json.Marshal(p.body)
	require.NoError(s.t, err)
	s.until("the order is taken", func(ctx context.Context) bool {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.public+"/v1/orders", bytes.NewReader(body))
		require.NoError(s.t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", p.key)
		return s.answered(r, p)
	})
}

// get reads p anew.
func (s *stand) get(p *placed) bool {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.public+"/v1/orders/"+p.ID, http.NoBody)
	require.NoError(s.t, err)
	return s.answered(r, p)
}

// answered sends a request, and reads the order that is the answer. It reports false if the
// answer is to come back.
func (s *stand) answered(r *http.Request, p *placed) bool {
	s.t.Helper()
	res, err := browser.Do(r)
	if err != nil {
		return false // between two APIs
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil || res.StatusCode >= http.StatusInternalServerError {
		return false
	}
	require.Less(s.t, res.StatusCode, http.StatusMultipleChoices, "%s", &text)
	require.NoError(s.t, json.Unmarshal(text.Bytes(), p))
	return true
}

// confirmed waits until all orders are decided, and requires that they are confirmed.
func (s *stand) confirmed(all []placed) {
	s.t.Helper()
	for i := range all {
		s.until("order "+all[i].ID+" is decided", func(context.Context) bool {
			return s.get(&all[i]) && all[i].Status != string(order.Pending) //nolint:contextcheck // a request has the context of the test
		})
		require.Equal(s.t, string(order.Confirmed), all[i].Status, "%s, %s", all[i].ID, all[i].body.PaymentToken)
	}
}

// flag places four orders of each hard kind, and waits until one is flagged.
func (s *stand) flag() (all []placed) {
	s.t.Helper()
	for _, h := range hard {
		for range 4 {
			all = append(all, s.place(h.token, h.postalCode, ""))
		}
	}
	s.until("an order is flagged", func(context.Context) bool { return s.get(&all[0]) && all[0].NeedsAttention }) //nolint:contextcheck // a request has the context of the test
	return all
}

// crowd is a load that goes on meanwhile.
type crowd struct {
	s      *stand
	placed chan struct{} // closed when every placement was answered
	ended  chan struct{} // closed with the report
	report load.Report
	failed error
}

// come has customers place orders. They wait for their ends, and come back when an API is
// away.
func (s *stand) come(o load.Options) *crowd {
	o.BaseURL, o.Client, o.Seed = "http://"+s.public, browser, 1
	o.Wait, o.Attempts = 2*patience, 1000
	o.Shop = load.Shop{SKUs: []string{"TEA", "MUG", "KETTLE"}, SoldOut: "SOLD-OUT", Currency: "EUR"}
	c := &crowd{s: s, placed: make(chan struct{}), ended: make(chan struct{})}
	o.Placed = func() { close(c.placed) }
	go func() {
		defer close(c.ended)
		c.report, c.failed = load.Run(s.t.Context(), o)
	}()
	return c
}

// here waits until every placement was answered.
func (c *crowd) here() {
	c.s.t.Helper()
	select {
	case <-c.placed:
	case <-c.ended:
		require.NoError(c.s.t, c.failed)
	}
}

// left waits until every order is decided, requires that each has ended as it had to, and
// returns the number and the times in a line.
func (c *crowd) left(name string) {
	c.s.t.Helper()
	select {
	case <-c.ended:
		r := c.report
		require.NoError(c.s.t, c.failed)
		require.Empty(c.s.t, r.Violations)
		require.Equal(c.s.t, r.Placed, r.Decided)
		c.s.t.Logf("upgrade: %s: %d orders, %d decided right, %d requests were repeated; acknowledged in %.0f ms (p50), %.0f ms at most",
			name, r.Placed, r.Decided, r.Retries, r.Acknowledgement.P50, r.Acknowledgement.Max)
	case <-time.After(3 * patience):
		require.Fail(c.s.t, "the orders are not decided")
	}
}
