package config

import (
	"strconv"
	"time"
)

// Stuck says when an undecided order counts as stuck, and how the order service's
// workers look for such orders.
type Stuck struct {
	// Every is how often each worker of the order service measures. Default: 15s.
	Every time.Duration `key:"every"`

	// Young is the age below which nobody looks at an undecided order: nearly all
	// are decided by then. Default: 10s.
	Young time.Duration `key:"young"`

	// Grace is how long an order may stay undecided and not flagged after its
	// decide-by time and saga.park_after, in which its undo ends or is flagged.
	// Default: 3m.
	Grace time.Duration `key:"grace"`

	// NotTaken is how long a task may wait on its queue until it counts as one that
	// no worker takes. Default: 30s.
	NotTaken time.Duration `key:"not_taken"`

	// Limit is how many orders, the oldest first, the engine is asked about in one
	// measurement; 1 to 10000. Default: 200.
	Limit int `key:"limit"`

	// Rate is how many of those questions are asked in a second; 1 to 1000.
	// Default: 50.
	Rate int `key:"rate"`
}

func defaultStuck() Stuck {
	return Stuck{
		Every: 15 * time.Second, Young: 10 * time.Second, Grace: 3 * time.Minute, NotTaken: 30 * time.Second,
		Limit: 200, Rate: 50,
	}
}

func (p *Problems) stuck(c *Config) {
	within := func(key string, n, most int) {
		if n < 1 || n > most {
			p.add(key, "must be from 1 to "+strconv.Itoa(most), strconv.Itoa(n))
		}
	}
	within("stuck.limit", c.Stuck.Limit, 10_000)
	within("stuck.rate", c.Stuck.Rate, 1000)
}
