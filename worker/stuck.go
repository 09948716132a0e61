package worker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

// Cause is why an undecided order counts as stuck. It is a metric's label.
type Cause string

// The causes. An order may have several.
const (
	// Late is past its decide-by time by far, and not flagged.
	Late Cause = "late"
	// NotRunning has no workflow that could decide it: terminated, or gone.
	NotRunning Cause = "not_running"
	// TaskFailing has a workflow whose code cannot go on.
	TaskFailing Cause = "task_failing"
	// NoWorker waits for a worker on a queue that none polls.
	NoWorker Cause = "no_worker"
	// NotTaken waits for a worker on a queue that one polls, which takes others
	// first.
	NotTaken Cause = "not_taken"
)

// causes are all of them.
var causes = []Cause{Late, NotRunning, TaskFailing, NoWorker, NotTaken}

// StuckOptions say when an undecided order counts as stuck, and how hard to look.
// A zero field is its default.
type StuckOptions struct {
	// Every is how often a worker of the order service measures; 0 is 15 s.
	Every time.Duration
	// Young is the age below which nobody looks; 0 is 10 s.
	Young time.Duration
	// Grace is how long after its decide-by time and Timing.ParkAfter an order may
	// be undecided and not flagged; 0 is 3 min.
	Grace time.Duration
	// NotTaken is how long a task may wait on its queue; 0 is 30 s.
	NotTaken time.Duration
	// Limit is how many orders, the oldest first, the engine is asked about at a
	// time; 0 is 200.
	Limit int
	// Rate is how many of those questions are asked in a second; 0 is 50.
	Rate int
}

func (o StuckOptions) withDefaults() StuckOptions {
	o.Every = cmp.Or(o.Every, 15*time.Second)
	o.Young = cmp.Or(o.Young, 10*time.Second)
	o.Grace = cmp.Or(o.Grace, 3*time.Minute)
	o.NotTaken = cmp.Or(o.NotTaken, 30*time.Second)
	o.Limit = cmp.Or(o.Limit, 200)
	o.Rate = cmp.Or(o.Rate, 50)
	return o
}

// Symptom is one thing that keeps an order from being decided.
type Symptom struct {
	Cause  Cause     `json:"cause"`
	Reason string    `json:"reason"` // in words
	Since  time.Time `json:"since"`
}

// StuckOrder is an undecided order that makes no progress.
type StuckOrder struct {
	ID       string    `json:"id"`
	PlacedAt time.Time `json:"placed_at"`
	DecideBy time.Time `json:"decide_by,omitzero"`
	Symptoms []Symptom `json:"symptoms"`
}

// StuckReport is what one look at the undecided orders has found.
type StuckReport struct {
	// Orders are those that are stuck, the oldest first.
	Orders []StuckOrder `json:"orders"`
	// Unexamined is how many undecided orders, younger than those that were looked
	// at, the look had no room for.
	Unexamined int `json:"unexamined"`
}

// What one look reads of the undecided orders at most: beyond that it only says
// that there are more.
const (
	pendingPage  = 1000
	pendingPages = 20
)

// look is one look at the undecided orders.
type look struct {
	o      StuckOptions
	park   time.Duration
	queues map[string]string // task queues by service
	store  *orderstore.Store
	client *engine.Client
	polls  map[string]time.Time // when a queue was last polled, as far as this look knows
	now    time.Time
}

func newLook(o Options, store *orderstore.Store, c *engine.Client) *look {
	queues := map[string]string{}
	for _, name := range Names() {
		queues[name] = cmp.Or(o.Queues[name], name)
	}
	return &look{
		o: o.Stuck.withDefaults(), park: cmp.Or(o.Timing.ParkAfter, saga.DefaultTiming().ParkAfter), queues: queues,
		store: store, client: c, polls: map[string]time.Time{}, now: time.Now(),
	}
}

// report looks at the oldest undecided orders. It is slow on purpose: the engine
// has orders to decide.
func (l *look) report(ctx context.Context) (StuckReport, error) {
	candidates, unexamined, err := l.candidates(ctx)
	if err != nil {
		return StuckReport{}, err
	}
	report := StuckReport{Orders: []StuckOrder{}, Unexamined: unexamined}
	pace := time.NewTicker(time.Second / time.Duration(l.o.Rate))
	defer pace.Stop()
	for _, c := range candidates {
		select {
		case <-ctx.Done():
			return StuckReport{}, context.Cause(ctx)
		case <-pace.C:
		}
		found, err := l.examine(ctx, c)
		if err != nil {
			return StuckReport{}, err
		}
		if len(found) > 0 {
			report.Orders = append(report.Orders, StuckOrder{ID: c.id, PlacedAt: c.placedAt, DecideBy: c.decideBy, Symptoms: found})
		}
	}
	return report, nil
}

// candidate is what a look remembers of an undecided order.
type candidate struct {
	id                 string
	placedAt, decideBy time.Time
	flagged            bool
}

// candidates returns the oldest undecided orders, and how many there are beside
// them.
func (l *look) candidates(ctx context.Context) (oldest []candidate, others int, err error) {
	after := ""
	for range pendingPages {
		page, err := l.store.List(ctx, order.Filter{Status: order.Pending, After: after, Limit: pendingPage})
		if err != nil {
			return nil, 0, err
		}
		for i := range page {
			if l.now.Sub(page[i].CreatedAt) >= l.o.Young {
				oldest = append(oldest, candidate{page[i].ID, page[i].CreatedAt, page[i].Placement.DecideBy, page[i].NeedsAttention()})
			}
		}
		slices.SortFunc(oldest, func(a, b candidate) int { return a.placedAt.Compare(b.placedAt) })
		others += max(0, len(oldest)-l.o.Limit)
		oldest = oldest[:min(len(oldest), l.o.Limit)]
		if len(page) < pendingPage {
			return oldest, others, nil
		}
		after = page[len(page)-1].ID
	}
	return oldest, others + 1, nil // at least
}

// stillPending says whether an order is undecided now: what was found may be
// about one that has been decided since it was listed.
func (l *look) stillPending(ctx context.Context, id string) (bool, error) {
	record, err := l.store.Get(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && record.Status == order.Pending, err
}
