package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/api/client/guest"
)

// The calls of the API that a load makes.
const (
	callPlace  = "place"
	callWait   = "wait"
	callCancel = "cancel"
	callGet    = "get"
	callBrowse = "browse"
)

const (
	// maxAnswer is far above the size of any order.
	maxAnswer = 8 << 20
	// Pauses before a request is repeated.
	firstPause, lastPause = 100 * time.Millisecond, 5 * time.Second
	// mostRetryAfter is the longest pause that a server may ask for.
	mostRetryAfter = 30 * time.Second
)

// Codes of failures that have no problem document.
const (
	codeTimeout    = "TIMEOUT"
	codeConnection = "CONNECTION"
	codeMalformed  = "MALFORMED_ANSWER"
)

// Codes of 503 that mean that nothing was started.
const (
	codeOverloaded  = "OVERLOADED"
	codeQuota       = "QUOTA_EXCEEDED"
	codeUnavailable = "UNAVAILABLE"
)

// codePastPivot is the answer to a cancel that comes too late: no failure.
const codePastPivot = "PAST_PIVOT"

// answer is the result of one request.
type answer struct {
	call       string
	status     int // 0: no answer
	code       string
	order      client.Order // of a 2xx
	located    string       // the order that Location names
	replayed   bool
	retryAfter time.Duration
	at         time.Time // its arrival
}

func (a answer) good() bool { return a.status >= 200 && a.status < 300 && a.code == "" }

// again reports whether the same request may get a better answer later.
func (a answer) again() bool {
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return a.status == 0
}

// doubtful reports whether a placement that was not acknowledged may have started.
func (a answer) doubtful() bool {
	return !a.good() && a.code != codeOverloaded && a.code != codeUnavailable && a.code != codeQuota
}

// String names the answer in a violation.
func (a answer) String() string {
	if a.status == 0 {
		return a.code
	}
	return strings.TrimSpace(strconv.Itoa(a.status) + " " + a.code)
}

// caller makes requests as a good client does: with a time limit, and repeated
// with the same key after no answer or one that asks for it, after the pause that
// it asks for, a bounded number of times.
type caller struct {
	api      *client.Client
	close    func() // closes idle connections
	timeout  time.Duration
	attempts int
	leave    bool // when it is answered OVERLOADED

	refusals          *histogram // of OVERLOADED answers
	requests, retries atomic.Int64
	failures          atomic.Int64

	mu     sync.Mutex
	errors map[CallErrors]int // by call and code
}

func newCaller(o Options) (*caller, error) {
	httpClient, closeIdle := o.Client, func() {}
	if httpClient == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert,errcheck // it is one
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, max(2*o.Concurrency, 2*o.MaxInFlight)
		transport.DisableCompression = true // the CPU is the platform's
		httpClient, closeIdle = &http.Client{Transport: transport}, transport.CloseIdleConnections
	}
	api, err := client.NewClient(o.BaseURL, client.WithHTTPClient(asGuest(httpClient)), client.WithRequestEditorFn(notBehindOurBack),
		client.WithRequestEditorFn(o.authorize))
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	return &caller{api: api, close: closeIdle, timeout: o.RequestTimeout, attempts: o.Attempts, leave: o.LeaveOverloaded, refusals: newHistogram(), errors: map[CallErrors]int{}}, nil
}

// asGuest returns a client that shows the claims of its orders.
func asGuest(c *http.Client) *http.Client {
	guests := *c
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	guests.Transport = guest.New(next)
	return &guests
}

// authorize names the account whose orders are placed, if there is one.
func (o Options) authorize(_ context.Context, r *http.Request) error {
	if o.APIKey != "" {
		r.Header.Set("Authorization", "Bearer "+o.APIKey)
	}
	return nil
}

// notBehindOurBack keeps net/http from repeating a placement by itself, which it
// does for a request with an Idempotency-Key whose connection broke: repeats must
// be counted.
func notBehindOurBack(_ context.Context, r *http.Request) error {
	r.GetBody = nil
	return nil
}

// ready fails unless the platform answers that it can serve orders.
func (c *caller) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	res, err := c.api.GetReadiness(ctx)
	if err != nil {
		return fmt.Errorf("is the platform running at %s? If it is elsewhere, say so with --url: %w", c.api.Server, err)
	}
	defer func() { _ = res.Body.Close() }() // only its status counts
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the platform at %s cannot serve orders: readyz answers %d; if its API is elsewhere, say so with --url", c.api.Server, res.StatusCode)
	}
	return nil
}

// place places an order, or finds it again; with wait it waits that long for the
// decision. Every answer goes to seen, also those before the last one.
func (c *caller) place(ctx context.Context, call, key string, body []byte, wait time.Duration, seen func(answer)) (answer, error) {
	params := &client.PlaceOrderParams{IdempotencyKey: key}
	if wait > 0 {
		prefer := "wait=" + strconv.Itoa(int(wait.Seconds()))
		params.Prefer = &prefer
	}
	return c.insist(ctx, call, wait, seen, func(ctx context.Context) (*http.Response, error) {
		return c.api.PlaceOrderWithBody(ctx, params, "application/json", bytes.NewReader(body))
	})
}

func (c *caller) cancel(ctx context.Context, id string) (answer, error) {
	return c.insist(ctx, callCancel, 0, nil, func(ctx context.Context) (*http.Response, error) {
		return c.api.CancelOrderWithBody(ctx, id, "application/json", strings.NewReader("{}"))
	})
}

// get asks once, because callers poll anyway.
func (c *caller) get(ctx context.Context, id string) answer {
	return c.once(ctx, callGet, 0, func(ctx context.Context) (*http.Response, error) { return c.api.GetOrder(ctx, id, nil) })
}

type request func(ctx context.Context) (*http.Response, error)

// insist makes a request until it has a final answer, or for the last time. Its
// error is that of ctx.
func (c *caller) insist(ctx context.Context, call string, wait time.Duration, seen func(answer), send request) (answer, error) {
	for attempt := 1; ; attempt++ {
		a := c.once(ctx, call, wait, send)
		if ctx.Err() != nil && a.status == 0 {
			return a, ctx.Err()
		}
		if seen != nil {
			seen(a)
		}
		if !a.again() || attempt == c.attempts || c.leave && a.code == codeOverloaded {
			return a, nil
		}
		backoff := min(firstPause<<min(attempt-1, 10), lastPause)
		backoff = backoff/2 + rand.N(backoff/2+1)
		if err := sleep(ctx, max(backoff, a.retryAfter)); err != nil {
			return a, err
		}
		c.retries.Add(1)
	}
}

// once makes one request and reads its answer.
func (c *caller) once(ctx context.Context, call string, wait time.Duration, send request) (a answer) {
	limited, cancel := context.WithTimeout(ctx, c.timeout+wait)
	defer cancel()
	defer func() {
		a.call = call
		if !a.good() && a.code != codePastPivot && ctx.Err() == nil {
			c.note(a)
		}
	}()
	c.requests.Add(1)
	sent := time.Now()
	res, err := send(limited)
	if err != nil {
		return answer{code: transportCode(err), at: time.Now()}
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{code: transportCode(err), at: time.Now()}
	}
	at := time.Now()
	a = read(res, data)
	if call != callBrowse {
		a.readOrder(data)
	}
	a.at = at
	if a.code == codeOverloaded {
		c.refusals.add(at.Sub(sent))
	}
	return a
}

// read reads an answer that is complete.
func read(res *http.Response, data []byte) answer {
	a := answer{status: res.StatusCode, replayed: res.Header.Get("Idempotency-Replayed") == "true"}
	if at, ok := strings.CutPrefix(res.Header.Get("Location"), "/v1/orders/"); ok {
		a.located = at
	}
	if a.good() {
		return a
	}
	var problem client.Problem
	if a.code = "HTTP_" + strconv.Itoa(a.status); json.Unmarshal(data, &problem) == nil && problem.Code != "" {
		a.code = problem.Code
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		a.retryAfter = min(time.Duration(seconds)*time.Second, mostRetryAfter)
	}
	return a
}

// readOrder reads the order of a good answer.
func (a *answer) readOrder(data []byte) {
	if a.good() && (json.Unmarshal(data, &a.order) != nil || a.order.Id == "") {
		a.code = codeMalformed
	}
}

func (c *caller) note(a answer) {
	c.failures.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors[CallErrors{Call: a.call, Code: a.code}]++
}

// failed returns the failures so far.
func (c *caller) failed() []CallErrors {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]CallErrors, 0, len(c.errors))
	for e, n := range c.errors {
		e.Count = n
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b CallErrors) int { return strings.Compare(a.Call+" "+a.Code, b.Call+" "+b.Code) })
	return all
}

func transportCode(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return codeTimeout
	}
	return codeConnection
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
