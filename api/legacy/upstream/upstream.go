// Package upstream sends requests to a program behind the gateway, at one of its addresses,
// and leaves out for a while those that fail.
package upstream

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Of the last ten requests to an address, this many failures open its breaker; it is tried
// again after the pause.
const (
	failures = 5
	among    = 10
	pause    = 5 * time.Second
)

// maxDrained is how much of an answer that is given up is read, so that its connection can
// be used again.
const maxDrained = 64 << 10

// Upstream is a program behind the gateway. It is an [http.RoundTripper] of requests without
// a host of their own, and safe for concurrent use.
type Upstream struct {
	name      string
	addresses []*address
	turn      atomic.Uint64
	transport *http.Transport
}

// address is one of the places where a program answers.
type address struct {
	url     *url.URL
	breaker circuitbreaker.CircuitBreaker[any]
}

// State is that of one address. Open: it is left out.
type State struct {
	URL  string
	Open bool
}

// New returns an upstream. addresses are URLs without a path; see [route.File].
func New(name string, addresses []string) *Upstream {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert,errcheck // it is one
	t.Proxy = nil                                        // the addresses are those of the shop's own network
	t.MaxIdleConnsPerHost, t.MaxIdleConns = 100, 1000
	u := &Upstream{name: name, transport: t}
	for _, text := range addresses {
		at, err := url.Parse(text)
		if err != nil {
			continue // the file of routes was checked
		}
		breaker := circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(failures, among).WithSuccessThreshold(1).WithDelay(pause).Build()
		u.addresses = append(u.addresses, &address{at, breaker})
	}
	return u
}

// Name returns the name of the upstream.
func (u *Upstream) Name() string { return u.name }

// Close closes the connections that no request uses. Requests may still be sent.
func (u *Upstream) Close() { u.transport.CloseIdleConnections() }

// States returns those of the addresses, in their order.
func (u *Upstream) States() (all []State) {
	for _, a := range u.addresses {
		all = append(all, State{a.url.String(), !a.closed()})
	}
	return all
}

// closed reports whether requests may be sent to a. An open breaker does not become half
// open by itself: it must be asked for a permit after its pause.
func (a *address) closed() bool { return !a.breaker.IsOpen() || a.breaker.RemainingDelay() == 0 }

// RoundTrip implements [http.RoundTripper]. A GET without a body that fails, or is answered
// by a gateway's error, is sent once more, to another address if there is one.
func (u *Upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	first, permitted := u.pick(nil)
	answer, err := u.try(first, permitted, r)
	if !repeatable(r) || !broken(answer, err) || r.Context().Err() != nil {
		return answer, err
	}
	second, permitted := u.pick(first)
	if second == nil {
		return answer, err
	}
	if answer != nil {
		// The answer is given up, and with it the errors of its body.
		_, _ = io.CopyN(io.Discard, answer.Body, maxDrained)
		_ = answer.Body.Close()
	}
	return u.try(second, permitted, r)
}

// pick returns the next address that may be asked, and whether its breaker counts on an
// outcome. If all are left out, the next one is asked all the same: a program that may answer
// is better than none. Behind a first attempt it returns nil if there is no other address.
func (u *Upstream) pick(but *address) (next *address, permitted bool) {
	turn := u.turn.Add(1)
	for i := range uint64(len(u.addresses)) {
		a := u.addresses[(turn+i)%uint64(len(u.addresses))]
		if a != but && a.closed() && a.breaker.TryAcquirePermit() {
			return a, true
		}
	}
	if but != nil {
		return nil, false
	}
	return u.addresses[turn%uint64(len(u.addresses))], false
}

// try sends r to one address.
func (u *Upstream) try(a *address, permitted bool, r *http.Request) (*http.Response, error) {
	out := r.WithContext(r.Context()) // a shallow copy: a round trip must not change its request
	at := *r.URL
	at.Scheme, at.Host = a.url.Scheme, a.url.Host
	out.URL = &at
	answer, err := u.transport.RoundTrip(out)
	switch {
	case !permitted:
	case !broken(answer, err):
		a.breaker.RecordSuccess()
	case gone(r.Context()) && !a.breaker.IsHalfOpen():
		// The client left; that tells nothing about the address. A trial must have an outcome.
	default:
		a.breaker.RecordFailure()
	}
	return answer, err //nolint:wrapcheck // as a round tripper
}

// ErrTimeout is the cause of the end of a request's context if the program took too long.
var ErrTimeout = timeout{}

type timeout struct{}

func (timeout) Error() string { return "the program behind the gateway took too long" }

// gone reports whether the client ended a request, and not its time.
func gone(ctx context.Context) bool {
	return ctx.Err() != nil && context.Cause(ctx) != error(ErrTimeout) //nolint:errorlint // it is the cause itself
}

// broken reports whether an answer tells that the program does not work, or does not answer.
func broken(answer *http.Response, err error) bool {
	if err != nil {
		return true
	}
	switch answer.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// repeatable reports whether a request may be sent twice.
func repeatable(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.Body == nil || r.Body == http.NoBody) && r.Header.Get("Upgrade") == ""
}
