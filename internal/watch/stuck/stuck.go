// Package stuck finds undecided orders and refunds that make no progress, and explains why.
// It takes the oldest of both from the order service's store, and from the engine
// the orders of which that store has no record, and has package symptom examine each at the
// engine.
package stuck

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Options says when an undecided order counts as stuck, and how hard to
// search. A zero field is its default.
type Options struct {
	// Every is the time between two measurements; 0 is 15 s.
	Every time.Duration
	// Young is the age below which an order is not examined; 0 is 10 s.
	Young time.Duration
	// Grace is how long after its decide-by time and Config.ParkAfter an order may
	// be undecided and not flagged; 0 is 3 min.
	Grace time.Duration
	// NotTaken is how long a task may wait on its queue; 0 is 30 s.
	NotTaken time.Duration
	// Unrecorded is how long an order's workflow may run without a record of the order;
	// 0 is 1 min.
	Unrecorded time.Duration
	// Limit is how many orders, the oldest first, one search examines, and how many of
	// those without a record; 0 is 200.
	Limit int
	// Rate is how many orders are examined per second; 0 is 50.
	Rate int
}

// WithDefaults returns o with a default in each zero field.
func (o Options) WithDefaults() Options {
	o.Every = cmp.Or(o.Every, 15*time.Second)
	o.Young = cmp.Or(o.Young, 10*time.Second)
	o.Grace = cmp.Or(o.Grace, 3*time.Minute)
	o.NotTaken = cmp.Or(o.NotTaken, 30*time.Second)
	o.Unrecorded = cmp.Or(o.Unrecorded, time.Minute)
	o.Limit = cmp.Or(o.Limit, 200)
	o.Rate = cmp.Or(o.Rate, 50)
	return o
}

// Orders is the part of the order service's store that a search reads.
type Orders interface {
	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (order.Record, error)
	// List returns the orders that a filter selects, by id.
	List(ctx context.Context, f order.Filter) ([]order.Record, error)
	// PendingRefunds returns at most limit refunds that have not ended, the oldest first.
	PendingRefunds(ctx context.Context, limit int) ([]order.Refund, error)
	// PendingRefundsOf returns those of an order.
	PendingRefundsOf(ctx context.Context, id string) ([]order.Refund, error)
	// Missing returns those of at most 1,000 ids that no order has.
	Missing(ctx context.Context, ids []string) ([]string, error)
}

// Config describes which orders are searched, and how.
type Config struct {
	// Orders and Engine must be set.
	Orders Orders
	Engine *engine.Client
	// Queues are the task queues of all services.
	Queues []queue.Queue
	// ParkAfter is how long a saga lets a step make no progress before it flags the
	// order.
	ParkAfter time.Duration
	// Options says when an undecided order counts as stuck.
	Options Options
	// Unheard is that of [symptom.Config].
	Unheard func(ctx context.Context) (symptom.Silence, error)
}

// Finder finds stuck orders. It is safe for concurrent use.
type Finder struct{ c Config }

// New returns a finder for the orders that c describes.
func New(c Config) *Finder {
	c.Options = c.Options.WithDefaults()
	return &Finder{c}
}

// Order is an undecided order, or a confirmed one with a refund, that makes no progress.
type Order struct {
	ID       string            `json:"id"`
	Refund   string            `json:"refund,omitempty"` // the id of the refund; PlacedAt is then its own
	PlacedAt time.Time         `json:"placed_at"`
	DecideBy time.Time         `json:"decide_by,omitzero"`
	Symptoms []symptom.Symptom `json:"symptoms"`
	// Holds are its holdings, by the services that were asked.
	Holds exposure.Exposure `json:"holds,omitzero"`
}

// Report is the result of one search for stuck orders.
type Report struct {
	// Orders are the stuck orders, the oldest first.
	Orders []Order `json:"orders"`
	// Unexamined counts the orders beyond the limit, all younger than the examined
	// ones of their kind.
	Unexamined int `json:"unexamined"`
}

// One search reads at most pendingPages pages of undecided orders; beyond them it
// only reports that there are more.
const (
	pendingPage  = 1000
	pendingPages = 20
)

// Find returns the undecided orders that make no progress, the oldest first, at most
// Options.Limit. It is slow on purpose: the engine has orders to decide.
func (f *Finder) Find(ctx context.Context) (Report, error) {
	now, err := clock.Now(ctx, f.c.Engine) // every age is by the engine's clock
	if err != nil {
		return Report{}, err //nolint:wrapcheck // a fault that says enough
	}
	return f.newSearch(now).report(ctx)
}

// search is one search for stuck orders.
type search struct {
	c        Config
	now      time.Time
	examiner *symptom.Examiner
}

func (f *Finder) newSearch(now time.Time) *search {
	return &search{f.c, now, symptom.New(symptom.Config{
		Engine: f.c.Engine, Queues: f.c.Queues, Now: now,
		Grace: f.c.ParkAfter + f.c.Options.Grace, NotTaken: f.c.Options.NotTaken, Unheard: f.c.Unheard,
	})}
}

func (s *search) report(ctx context.Context) (Report, error) {
	candidates, unexamined, err := s.candidates(ctx)
	if err != nil {
		return Report{}, err
	}
	unrecorded, others, err := s.unrecorded(ctx)
	if err != nil {
		return Report{}, err
	}
	refunds, more, err := s.refunds(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{Orders: []Order{}, Unexamined: unexamined + others + more}
	pace := time.NewTicker(time.Second / time.Duration(s.c.Options.Rate))
	defer pace.Stop()
	for _, c := range slices.Concat(candidates, unrecorded, refunds) {
		select {
		case <-ctx.Done():
			return Report{}, context.Cause(ctx)
		case <-pace.C:
		}
		found, err := s.examine(ctx, c)
		if err != nil {
			return Report{}, err
		}
		if len(found) > 0 {
			report.Orders = append(report.Orders, Order{ID: c.ID, Refund: c.Refund, PlacedAt: c.PlacedAt, DecideBy: c.DecideBy, Symptoms: found})
		}
	}
	slices.SortStableFunc(report.Orders, func(a, b Order) int { return a.PlacedAt.Compare(b.PlacedAt) })
	return report, nil
}

// examine returns the symptoms of an order that is still undecided, or still without a
// record, after its examination; none if it makes progress.
func (s *search) examine(ctx context.Context, o symptom.Order) ([]symptom.Symptom, error) {
	found, err := s.examiner.Examine(ctx, o)
	if err != nil || len(found) == 0 {
		return nil, err //nolint:wrapcheck // it says of which order
	}
	still := s.stillPending
	switch {
	case o.Unrecorded != "":
		still = s.stillUnrecorded
	case o.Refund != "":
		still = func(ctx context.Context, id string) (bool, error) { return s.stillOpen(ctx, id, o.Refund) }
	}
	if yes, err := still(ctx, o.ID); err != nil || !yes {
		return nil, err
	}
	return found, nil
}

// candidates returns the oldest undecided orders, and the number of others.
func (s *search) candidates(ctx context.Context) (oldest []symptom.Order, others int, err error) {
	after := ""
	for range pendingPages {
		page, err := s.c.Orders.List(ctx, order.Filter{Status: order.Pending, After: after, Limit: pendingPage})
		if err != nil {
			return nil, 0, err
		}
		for i := range page {
			if s.now.Sub(page[i].CreatedAt) >= s.c.Options.Young {
				oldest = append(oldest, candidate(page[i]))
			}
		}
		slices.SortFunc(oldest, func(a, b symptom.Order) int { return a.PlacedAt.Compare(b.PlacedAt) })
		others += max(0, len(oldest)-s.c.Options.Limit)
		oldest = oldest[:min(len(oldest), s.c.Options.Limit)]
		if len(page) < pendingPage {
			return oldest, others, nil
		}
		after = page[len(page)-1].ID
	}
	return oldest, others + 1, nil // at least
}

// candidate returns an undecided order, as far as its record tells of it.
func candidate(r order.Record) symptom.Order {
	o := symptom.Order{ID: r.ID, PlacedAt: r.CreatedAt, DecideBy: r.Placement.DecideBy, Flagged: r.NeedsAttention()}
	if r.Course != nil {
		o.Waits, o.HeardAt = course.Waits(r), course.HeardAt(r)
	}
	return o
}

// stillPending reports whether an order is undecided now: symptoms may belong to an
// order that has been decided since it was listed.
func (s *search) stillPending(ctx context.Context, id string) (bool, error) {
	record, err := s.c.Orders.Get(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && record.Status == order.Pending, err
}
