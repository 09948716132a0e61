package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client/guest"
	"github.com/amends/amends/api/edge/caller"
	orderid "github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// patience bounds every wait, on a machine that is slow and does other work too: a wait that
// ends early costs nothing.
const patience = 5 * time.Minute

// Statuses, for readability.
const (
	confirmed = order.Confirmed
	cancelled = order.Cancelled
)

// placement is a request body that is confirmed.
func placement() map[string]any {
	return map[string]any{
		"customer_id": "cus_1", "currency": "EUR", "payment_token": "tok_visa",
		"lines":   []map[string]any{{"sku": "MUG", "quantity": 2}, {"sku": "KETTLE", "quantity": 1}},
		"ship_to": address("10115"),
	}
}

func address(postalCode string) map[string]any {
	return map[string]any{"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": postalCode, "country": "DE"}
}

func lines(sku string, quantity int) map[string]any {
	return map[string]any{"lines": []map[string]any{{"sku": sku, "quantity": quantity}}}
}

func tok(token string) map[string]any { return map[string]any{"payment_token": token} }

// shopper is a client of the API at url.
type shopper struct{ url string }

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	order  workflows.OrderView
	source string // of the order: which part knew it
	code   string // of a problem
	took   time.Duration
}

// place places an order; a key and a preference may be empty.
func (s shopper) place(t *testing.T, key, prefer string, body map[string]any) reply {
	t.Helper()
	r, err := s.tryPlace(t.Context(), key, prefer, body)
	require.NoError(t, err)
	return r
}

// insist places an order, and repeats that with the same key while it is told to
// come back.
func (s shopper) insist(t *testing.T, key, prefer string, body map[string]any) reply {
	t.Helper()
	if key == "" {
		key = uuid.NewString()
	}
	return patiently(t, "the order is taken", func() reply { return s.place(t, key, prefer, body) })
}

// patiently repeats a question while the answer is to come back later, and returns
// the first other answer; a failure fails the test.
func patiently(t *testing.T, what string, ask func() reply) (r reply) {
	t.Helper()
	eventually(t, what, func() bool {
		r = ask()
		if r.status >= http.StatusMultipleChoices {
			require.NoError(t, turnedAway(r))
			return false
		}
		return true
	})
	return r
}

// unhurried repeats a question while the answer is to come back later, and returns the first
// other answer, or the last one: a platform of which nothing is away still has no time for a
// question now and then, if its machine is busy.
func unhurried(t *testing.T, ask func() reply) (r reply) {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		if r = ask(); r.status != http.StatusServiceUnavailable {
			break
		}
		require.NoError(t, wait.For(t.Context(), 100*time.Millisecond))
	}
	return r
}

// place is the shopper's, unhurried: nothing of a platform in this process is away.
func (p *platform) place(t *testing.T, key, prefer string, body map[string]any) reply {
	t.Helper()
	if key == "" {
		key = uuid.NewString()
	}
	return unhurried(t, func() reply { return p.shopper.place(t, key, prefer, body) })
}

// tryPlace is place for goroutines, which must not end the test.
func (s shopper) tryPlace(ctx context.Context, key, prefer string, body map[string]any) (reply, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/orders", bytes.NewReader(data))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	if key == "" {
		key = uuid.NewString()
	}
	r.Header.Set("Idempotency-Key", key)
	if prefer != "" {
		r.Header.Set("Prefer", prefer)
	}
	return send(r)
}

func (s shopper) cancel(t *testing.T, id string) reply {
	t.Helper()
	r, err := send(s.cancelRequest(t, id))
	require.NoError(t, err)
	return r
}

func (s shopper) cancelRequest(t *testing.T, id string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/orders/"+id+"/cancel", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// get reads an order, unhurried.
func (s shopper) get(t *testing.T, id string) reply {
	t.Helper()
	return unhurried(t, func() reply { return s.read(t, id) })
}

// read asks for an order once, with pairs of a header's name and value.
func (s shopper) read(t *testing.T, id string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/orders/"+id, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := send(r)
	require.NoError(t, err)
	return answer
}

// get is the shopper's, who has the claim of any guest's order: an API has answered it to
// a placement, or would have.
func (p *platform) get(t *testing.T, id string) reply {
	t.Helper()
	claim := orderid.NewGuests(guestSecret).Claim(id)
	return unhurried(t, func() reply { return p.read(t, id, caller.HeaderClaim, claim) })
}

// inFull reads an order until its workflow or its record answers in time: the engine, which
// answers for a worker that is late, knows fewer of its parts.
func (p *platform) inFull(t *testing.T, id string) (o workflows.OrderView) {
	t.Helper()
	eventually(t, "a worker answers for "+id, func() bool {
		r := p.get(t, id)
		o = r.order
		return r.status == http.StatusOK && r.source != "engine"
	})
	return o
}

// getAs is get for the owner of an API key.
func (s shopper) getAs(t *testing.T, key, id string) reply {
	t.Helper()
	return unhurried(t, func() reply { return s.read(t, id, "Authorization", "Bearer "+key) })
}

// guestSecret is that of the APIs in this process.
const guestSecret = "the secret of the guests of tests"

var browser = &http.Client{Timeout: 2 * time.Minute, Transport: guest.New(http.DefaultTransport)}

// send sends a request whose answer is an order or a problem. Any other answer is
// an error.
func send(r *http.Request) (reply, error) {
	began := time.Now()
	res, err := browser.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: res.StatusCode, header: res.Header, took: time.Since(began)}
	if res.StatusCode >= 300 {
		var problem struct{ Code string }
		err = json.Unmarshal(data, &problem)
		out.code = problem.Code
	} else {
		var known struct {
			workflows.OrderView
			Source string `json:"source"`
		}
		err = json.Unmarshal(data, &known)
		out.order, out.source = known.OrderView, known.Source
	}
	if err != nil {
		return reply{}, fmt.Errorf("%d %s: %w", res.StatusCode, data, err)
	}
	return out, nil
}

// decided waits for the result of an order's newest run.
func decided(t *testing.T, id string) workflows.OrderView {
	t.Helper()
	return result(t, id, "")
}

func result(t *testing.T, id, run string) workflows.OrderView {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var v workflows.OrderView
	require.NoError(t, server.GetWorkflow(ctx, workflows.WorkflowID(id), run).Get(ctx, &v))
	return v
}

// eventually waits for a condition, which runs in the test's own goroutine and so
// may end the test.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	late, tick := time.NewTimer(patience), time.NewTicker(20*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-late.C:
			require.FailNow(t, "never: "+what)
		case <-tick.C:
		}
	}
}
