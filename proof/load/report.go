package load

import (
	"errors"
	"fmt"
	"time"
)

// Report is the result of a load. Times are in milliseconds, shares 0 to 1.
type Report struct {
	Run     string  `json:"run"` // part of every Idempotency-Key of this run
	BaseURL string  `json:"base_url"`
	Seed    uint64  `json:"seed"`
	Mix     Mix     `json:"mix"`
	Loop    string  `json:"loop"` // closed or open
	Until   Until   `json:"until"`
	Sample  float64 `json:"sample"`

	Concurrency int     `json:"concurrency,omitempty"` // of a closed loop
	Rate        float64 `json:"rate,omitempty"`        // of an open loop
	// CoordinatedOmission is accounted (open loop: latencies begin when the order
	// was due) or not_accounted (closed loop).
	CoordinatedOmission string `json:"coordinated_omission"`

	Placed       int `json:"placed"`       // orders, each counted once
	Acknowledged int `json:"acknowledged"` // of those: the platform said that it has it
	Decided      int `json:"decided"`      // of those: confirmed or cancelled
	GivenUp      int `json:"given_up"`     // of those: never acknowledged
	// Unchecked is how many of those placed were not asked for until they were
	// decided, because the run was interrupted. Decisions known to their customers
	// are counted all the same.
	Unchecked int `json:"unchecked"`

	Requests   int `json:"requests"`   // HTTP requests of every kind
	Retries    int `json:"retries"`    // of those: a request made again
	Duplicates int `json:"duplicates"` // of those: a second placement made on purpose
	Replayed   int `json:"replayed"`   // placements that were answered as a repeat of one that arrived

	Overload Overload     `json:"overload"`
	Browsing Browsing     `json:"browsing"`
	Outcomes []Outcome    `json:"outcomes"` // by status and reason
	Kinds    []KindReport `json:"kinds"`    // by the mix
	Cancels  []Count      `json:"cancels"`  // by the answer to a cancel
	Errors   []CallErrors `json:"errors"`   // every answer that is a failure, and every request without one

	PlacingSeconds float64 `json:"placing_seconds"` // from the first placement to the last answer to one
	TotalSeconds   float64 `json:"total_seconds"`   // until every order was checked
	// AcknowledgedPerSecond is over the placing; with UntilDecided the last turns end
	// within it.
	AcknowledgedPerSecond float64 `json:"acknowledged_per_second"`
	// DecidedPerSecond is from the first order's created_at to the last one's
	// updated_at; 0 if the run was interrupted, as not all of these were read.
	DecidedPerSecond float64 `json:"decided_per_second"`

	StartDelay      Latency `json:"start_delay"`     // of an open loop: how late its own placements were sent
	Acknowledgement Latency `json:"acknowledgement"` // POST to 202, as the client saw it
	Decision        Latency `json:"decision"`        // POST to decision, as the client saw it
	Recorded        Latency `json:"recorded"`        // the acknowledgement and created_at to updated_at

	// CPUSeconds is the CPU time of the whole process during the run; that is the
	// generator if nothing else runs in it. 0: not known on this system.
	CPUSeconds float64 `json:"cpu_seconds"`

	Violations []Violation `json:"violations"`
}

// Latency sums up a histogram of three significant digits.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	Mean  float64 `json:"mean_ms"`
}

// Overload is how the platform bore more orders than it could decide. An order is
// acknowledged, turned away or unknown.
type Overload struct {
	Answers    int `json:"answers"`     // requests that were answered OVERLOADED
	TurnedAway int `json:"turned_away"` // orders of which every answer said that nothing was started
	Unknown    int `json:"unknown"`     // orders that were not acknowledged, and may exist
	// InTime is how many of the acknowledged orders were decided for another reason than
	// that their time was up.
	InTime int `json:"in_time"`
	// Refusal is how long an OVERLOADED answer took, however often it was repeated.
	Refusal Latency `json:"refusal"`
}

// Outcome counts the orders that ended in one way. A status other than CONFIRMED
// and CANCELLED is that of an undecided order.
type Outcome struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	Count  int    `json:"count"`
}

// KindReport is how the orders of one kind ended.
type KindReport struct {
	Kind     Kind    `json:"kind"`
	Placed   int     `json:"placed"`
	Decided  int     `json:"decided"`
	Decision Latency `json:"decision"` // as the client saw it
	Recorded Latency `json:"recorded"`
}

// Count counts something named.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// CallErrors counts the failures of one code in one call of the API: place, wait,
// cancel, get or browse. The code is the problem's, or TIMEOUT, CONNECTION or HTTP_nnn
// without one.
type CallErrors struct {
	Call  string `json:"call"`
	Code  string `json:"code"`
	Count int    `json:"count"`
}

// Fault is a kind of fault of an order.
type Fault string

// The faults of a platform.
const (
	Lost      Fault = "lost"      // acknowledged, but there is no such order now
	Doubled   Fault = "doubled"   // one key led to two orders, or two keys to one
	Undecided Fault = "undecided" // not in time
	Wrong     Fault = "wrong"     // decided otherwise than it had to be, or another order's content
	Refused   Fault = "refused"   // a good request was refused, or answered by an internal error
	Oversold  Fault = "oversold"  // more of the hot item were confirmed than were left
	Undersold Fault = "undersold" // fewer, although enough wanted it
	Nothing   Fault = "nothing"   // no order was acknowledged at all
)

// Violation is one order that is not as it must be, or the run as a whole.
type Violation struct {
	Fault   Fault  `json:"fault"`
	OrderID string `json:"order_id,omitempty"` // if an answer named it
	Key     string `json:"key,omitempty"`      // its Idempotency-Key
	Kind    Kind   `json:"kind,omitempty"`
	Detail  string `json:"detail"`
}

// String is one line that names the order.
func (v Violation) String() string {
	s := string(v.Fault) + ": "
	if v.OrderID != "" {
		s += "order " + v.OrderID + ": "
	} else if v.Key != "" {
		s += "key " + v.Key + ": "
	}
	if v.Kind != "" {
		s += string(v.Kind) + ": "
	}
	return s + v.Detail
}

// Err returns every violation, one per line; nil if every order that was
// acknowledged ended as it had to.
func (r Report) Err() error {
	all := make([]error, len(r.Violations))
	for i, v := range r.Violations {
		all[i] = errors.New(v.String())
	}
	return errors.Join(all...)
}

// Phase is a phase of a load.
type Phase string

// The phases.
const (
	Placing  Phase = "placing"
	Deciding Phase = "deciding" // all are placed; those undecided are waited for, and each is checked
	Done     Phase = "done"
)

// Progress is the progress of a load.
type Progress struct {
	Phase        Phase
	Elapsed      time.Duration
	Placed       int // started
	Acknowledged int
	Decided      int // as far as the client knows
	Checked      int // asked for at the end, and decided
	InFlight     int // placed, and their turn is not over
	Retries      int
	Errors       int           // answers that are failures, and requests without one
	PerSecond    float64       // acknowledgements, over the last seconds
	P99          time.Duration // of Measured, so far
	Measured     string        // acknowledgement, or decision if no acknowledgement is measured
}

// String is one line for a reader.
func (p Progress) String() string {
	s := fmt.Sprintf("%4.0fs  %s: %d placed, %d acknowledged, %d decided", p.Elapsed.Seconds(), p.Phase, p.Placed, p.Acknowledged, p.Decided)
	if p.Phase == Placing {
		s += fmt.Sprintf(", %.1f/s, %d in flight", p.PerSecond, p.InFlight)
	} else {
		s += fmt.Sprintf(", %d checked", p.Checked)
	}
	s += fmt.Sprintf(", p99 to %s %s", p.Measured, round(p.P99))
	if p.Errors > 0 {
		s += fmt.Sprintf(", %d errors", p.Errors)
	}
	return s
}

// round keeps about three digits.
func round(d time.Duration) time.Duration {
	if d >= time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}
