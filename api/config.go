package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"go.temporal.io/sdk/converter"
)

// Config says how to serve. Start from [DefaultConfig].
type Config struct {
	// OrderQueue is the task queue of the order service's workers, which run the
	// order workflow. It has no default.
	OrderQueue string
	// Namespace is the Temporal namespace of the client, which readiness looks up
	// the search attributes in. Default "default".
	Namespace string
	// DecideAfter is how long an order may stay undecided before it is cancelled.
	// Default 10 min.
	DecideAfter time.Duration
	// PlacementTimeout is how long a placement waits until the order is durable;
	// then the answer is PLACEMENT_UNKNOWN. Default 10 s.
	PlacementTimeout time.Duration
	// QueryTimeout is how long an order's workflow may take to answer; then the
	// engine is asked, for at most half as long again. Default 1 s.
	QueryTimeout time.Duration
	// CancelTimeout is how long a cancel waits for its effect. Default 5 s.
	CancelTimeout time.Duration
	// RepairTimeout is how long a repair waits for its effect. Default 5 s.
	RepairTimeout time.Duration
	// MaxBody is the largest request body, in bytes. Default 1 MiB.
	MaxBody int64
	// TrustedProxies are the networks whose X-Forwarded-For is believed; empty:
	// none, the client's address is the socket's. Default empty.
	TrustedProxies []netip.Prefix
}

// DefaultConfig returns the defaults; OrderQueue is left to set.
func DefaultConfig() Config {
	return Config{
		Namespace:        "default",
		DecideAfter:      10 * time.Minute,
		PlacementTimeout: 10 * time.Second,
		QueryTimeout:     time.Second,
		CancelTimeout:    5 * time.Second,
		RepairTimeout:    5 * time.Second,
		MaxBody:          1 << 20,
	}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	between := func(name string, d, low, high time.Duration) {
		check(d >= low && d <= high, "%s %s is not between %s and %s", name, d, low, high)
	}
	check(c.OrderQueue != "", "order queue is missing")
	check(c.Namespace != "", "namespace is missing")
	between("decide-after", c.DecideAfter, time.Second, 30*24*time.Hour)
	between("placement timeout", c.PlacementTimeout, 100*time.Millisecond, maxAnswer-maxWait)
	between("query timeout", c.QueryTimeout, 10*time.Millisecond, 1300*time.Millisecond) // a read is answered within 2 s
	between("cancel timeout", c.CancelTimeout, 100*time.Millisecond, 30*time.Second)
	between("repair timeout", c.RepairTimeout, 100*time.Millisecond, 30*time.Second)
	check(c.MaxBody >= 1<<10 && c.MaxBody <= 64<<20, "body limit %d is not between 1 KiB and 64 MiB", c.MaxBody)
	return errors.Join(problems...)
}

// Option changes what a [Server] uses beside its [Config].
type Option func(*Server)

// WithLogger sets where requests and failures are logged; default [slog.Default].
func WithLogger(l *slog.Logger) Option { return func(s *Server) { s.log = l } }

// WithDataConverter sets how workflow inputs are read from histories. It must be
// the Temporal client's; default the SDK's.
func WithDataConverter(d converter.DataConverter) Option {
	return func(s *Server) { s.orders.data = d }
}

// WithObserver calls f after every request, for metrics. It must not block.
func WithObserver(f func(Observation)) Option { return func(s *Server) { s.observe = f } }

// Observation is one request that was answered.
type Observation struct {
	Method string
	Route  string // the route's pattern, or "" if none matched
	Status int
	Took   time.Duration
}
