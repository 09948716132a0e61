package load

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"
)

// Defaults of [Options].
const (
	DefaultWait     = 2 * time.Minute
	DefaultAttempts = 8
	DefaultEvery    = time.Second
)

// Until is the end of a customer's turn.
type Until string

// The ends.
const (
	// UntilDecided waits for the decision: a closed loop has as many orders under
	// way as its concurrency.
	UntilDecided Until = "decided"
	// UntilAcknowledged ends with the acknowledgement. Orders that the platform
	// accepts faster than it decides pile up.
	UntilAcknowledged Until = "acknowledged"
)

// Hot is a product that every order wants one unit of.
type Hot struct {
	SKU string
	// Left is how many can be sold; the caller ensures that.
	Left int
}

// Shop is the platform's products, for orders that can be fulfilled.
type Shop struct {
	// SKUs are products with more stock than orders will need. Default: those of
	// the demo data.
	SKUs []string
	// SoldOut is an active product without stock. Default: that of the demo data.
	SoldOut string
	// Currency is the currency of their prices. Default: EUR.
	Currency string
}

// Options define a load. The zero value of a field means its default, where one is
// given.
type Options struct {
	// BaseURL is the address of the API, for example http://127.0.0.1:8080.
	BaseURL string
	// Client makes the requests. Its Timeout must be 0: every request has a
	// context with its own. Default: one with enough connections for all
	// customers.
	Client *http.Client

	// APIKey is sent with every request; the orders are then those of its account. Empty:
	// they are those of guests. Default: empty.
	APIKey string

	// Orders is how many orders to place, or Duration how long to place them: give
	// exactly one.
	Orders   int
	Duration time.Duration

	// Concurrency is how many customers place one order after the other (closed
	// loop), or Rate how many orders are due each second whatever the state of
	// earlier ones (open loop): give exactly one.
	Concurrency int
	Rate        float64
	// MaxInFlight is the most orders that an open loop has under way; later ones
	// wait, and the wait counts. Default: 2,000.
	MaxInFlight int

	// Browse is how many products are asked for each second while orders are placed,
	// whatever the state of earlier questions. Default: 0, none.
	Browse float64

	// Until is when an order leaves its place to the next. Default: UntilDecided.
	Until Until
	// Sample is the share of orders, 0 to 1, of which both the acknowledgement and
	// the decision are measured, by two requests; the others are placed and waited
	// for in one, which measures the decision only. Those that are to be cancelled
	// need two anyway. With UntilAcknowledged every acknowledgement is measured, and
	// no decision.
	Sample float64

	// Mix is the share of the orders of each kind, in per cent; the rest is plain.
	// Nil is all plain.
	Mix Mix
	// Hot makes all orders want one product instead; Mix then has no kinds.
	Hot *Hot
	// Seed determines every order.
	Seed uint64
	// Shop is the products that can be bought.
	Shop Shop

	// Wait is how long a customer waits for a decision, and how long the undecided
	// orders may still take after the last placement. Default: DefaultWait.
	Wait time.Duration
	// Attempts is the most attempts of a request without an answer, or with 429,
	// 502, 503 or 504; a Retry-After is obeyed. Default: DefaultAttempts.
	Attempts int
	// LeaveOverloaded makes a customer who is answered OVERLOADED leave, instead of
	// repeating the placement.
	LeaveOverloaded bool
	// RequestTimeout is how long an answer may take, beside the wait that the
	// request asks for. Default: 15s.
	RequestTimeout time.Duration

	// Progress is called every Every while the load runs, and once when it is
	// over, never twice at a time. Nil: not called. Default of Every:
	// DefaultEvery.
	Progress func(Progress)
	Every    time.Duration

	// Placed is called once when every placement was answered, before the orders
	// are checked: a benchmark reads its counters here. With UntilDecided all
	// awaited orders are decided by then. Nil: not called.
	Placed func()
}

// Validate returns every problem, one per line, each under the name of the flag of
// `amends load`.
func (o Options) Validate() error {
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(o.BaseURL)
	add(err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "", "url: must be http://host:port or https://host:port")
	add(o.Orders < 0, "orders: must be at least 1, is %d", o.Orders)
	add(o.Duration < 0, "duration: must be positive, is %s", o.Duration)
	add((o.Orders != 0) == (o.Duration != 0), "orders, duration: give exactly one of them")
	add(o.Concurrency < 0, "concurrency: must be at least 1, is %d", o.Concurrency)
	add(o.Rate < 0 || math.IsNaN(o.Rate) || math.IsInf(o.Rate, 0), "rate: must be positive, is %g", o.Rate)
	add((o.Concurrency != 0) == (o.Rate != 0), "concurrency, rate: give exactly one of them")
	add(o.Browse < 0 || math.IsNaN(o.Browse) || math.IsInf(o.Browse, 0), "browse: must be positive, is %g", o.Browse)
	add(o.MaxInFlight < 0, "max-in-flight: must be at least 1, is %d", o.MaxInFlight)
	add(o.Until != "" && o.Until != UntilDecided && o.Until != UntilAcknowledged,
		"until: must be %s or %s, is %q", UntilDecided, UntilAcknowledged, o.Until)
	add(!(o.Sample >= 0 && o.Sample <= 1), "sample: must be 0 to 1, is %g", o.Sample)
	add(o.Wait < 0, "wait: must be positive, is %s", o.Wait)
	add(o.Attempts < 0, "attempts: must be at least 1, is %d", o.Attempts)
	add(o.RequestTimeout < 0, "request-timeout: must be positive, is %s", o.RequestTimeout)
	if err := o.Mix.Validate(); err != nil {
		problems = append(problems, err)
	}
	if o.Hot != nil {
		add(o.Hot.SKU == "", "hot-item: must be a SKU")
		add(o.Hot.Left < 0, "hot-left: must be at least 0, is %d", o.Hot.Left)
		_, styled := o.Mix[Choreographed]
		add(len(o.Mix) > 1 || len(o.Mix) == 1 && !styled, "mix: must have no kinds with hot-item, where every order is plain")
	}
	return errors.Join(problems...)
}

// withDefaults fills in the defaults.
func (o Options) withDefaults() Options {
	set := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	set(&o.Wait, DefaultWait)
	set(&o.RequestTimeout, 15*time.Second)
	set(&o.Every, DefaultEvery)
	if o.Attempts == 0 {
		o.Attempts = DefaultAttempts
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 2000
	}
	if o.Until == "" {
		o.Until = UntilDecided
	}
	if len(o.Shop.SKUs) == 0 {
		o.Shop.SKUs = []string{"TEA-EARL-GREY", "MUG-STONEWARE", "KETTLE-STEEL"}
	}
	if o.Shop.SoldOut == "" {
		o.Shop.SoldOut = "TEA-SOLD-OUT"
	}
	if o.Shop.Currency == "" {
		o.Shop.Currency = "EUR"
	}
	return o
}
