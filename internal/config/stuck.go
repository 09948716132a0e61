package config

import (
	"time"

	"github.com/amends/amends/internal/config/setting"
)

// Stuck says when an undecided order counts as stuck, and how the order service's
// workers search for such orders.
type Stuck struct {
	// Every is how often each worker of the order service measures. Default: 15s.
	Every time.Duration `key:"every"`

	// Young is the age below which an undecided order is not examined: nearly all
	// are decided by then. Default: 10s.
	Young time.Duration `key:"young"`

	// Grace is how long an order may stay undecided and not flagged after its
	// decide-by time and saga.park_after; until then its undo ends or is flagged.
	// Default: 3m.
	Grace time.Duration `key:"grace"`

	// NotTaken is how long a task may wait on its queue before it counts as not taken.
	// Default: 30s.
	NotTaken time.Duration `key:"not_taken"`

	// Unrecorded is how long an order's workflow may run without a record of the order in
	// the order service's database. Default: 1m.
	Unrecorded time.Duration `key:"unrecorded"`

	// Limit is how many orders, the oldest first, one measurement examines, and how many
	// of those without a record; 1 to 10000. Default: 200.
	Limit int `key:"limit"`

	// Rate is how many orders are examined in a second; 1 to 1000. Default: 50.
	Rate int `key:"rate"`
}

// DefaultStuck returns the defaults.
func DefaultStuck() Stuck {
	return Stuck{
		Every: 15 * time.Second, Young: 10 * time.Second, Grace: 3 * time.Minute, NotTaken: 30 * time.Second,
		Unrecorded: time.Minute, Limit: 200, Rate: 50,
	}
}

// Check reports the rules that the section breaks.
func (s Stuck) Check(p *setting.Problems) {
	within(p, "stuck.limit", s.Limit, 1, 10_000)
	within(p, "stuck.rate", s.Rate, 1, 1000)
}
