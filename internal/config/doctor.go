package config

import (
	"strconv"
	"time"
)

// Doctor says when everything is compared with everything, and how. The order
// service's workers set the schedule; `amends doctor` uses the rest too.
type Doctor struct {
	// Every is the time from one run to the next; at least 10s, or 0: none by
	// itself. Default: 5m.
	Every time.Duration `key:"every"`

	// Grace is how long after its decide-by time an order is judged: until then its
	// undo may be under way. Default: 10m.
	Grace time.Duration `key:"grace"`

	// Pause lies between the first look at what seems wrong and the second, which
	// counts. Default: 10s.
	Pause time.Duration `key:"pause"`

	// Rate is how many orders are looked at in a second at most; 0 is no limit.
	// Default: 0.
	Rate int `key:"rate"`

	// DryRun makes scheduled runs report only, and repair nothing. Default: false.
	DryRun bool `key:"dry_run"`
}

func defaultDoctor() Doctor {
	return Doctor{Every: 5 * time.Minute, Grace: 10 * time.Minute, Pause: 10 * time.Second}
}

// leastEvery keeps a mistyped interval from having the doctor run all the time.
const leastEvery = 10 * time.Second

func (p *Problems) doctor(c *Config) {
	if e := c.Doctor.Every; e != 0 && e < leastEvery {
		p.add("doctor.every", "must be at least "+leastEvery.String()+", or 0", e.String())
	}
	if n := c.Doctor.Rate; n < 0 || n > 1_000_000 {
		p.add("doctor.rate", "must be from 0 to 1000000", strconv.Itoa(n))
	}
}
