package config

import (
	"time"

	"github.com/amends/amends/internal/config/setting"
)

// Doctor says when and how all services are compared with each other. The order
// service's workers set the schedule; `amends doctor` uses the other settings too.
type Doctor struct {
	// Every is the time from one run to the next, at least 10s. 0: no scheduled runs.
	// Default: 5m.
	Every time.Duration `key:"every"`

	// WholeEvery is the time from one scheduled run over all orders to the next, at least 1m;
	// the runs between look at what has changed. 0: every run is over all orders. Default: 24h.
	WholeEvery time.Duration `key:"whole_every"`

	// WholeAt moves these runs: the first begins that long after midnight, UTC. Less than
	// 24h. Default: 3h.
	WholeAt time.Duration `key:"whole_at"`

	// Grace is how long after its decide-by time an order is judged: before that, its
	// undo may be running. Default: 10m.
	Grace time.Duration `key:"grace"`

	// Pause is the time between the first comparison of suspicious orders and the
	// second, which counts. Default: 10s.
	Pause time.Duration `key:"pause"`

	// Rate bounds the number of orders that are compared in a second. 0: no limit.
	// Default: 0.
	Rate int `key:"rate"`

	// DryRun makes scheduled runs report findings without repairing. Default: false.
	DryRun bool `key:"dry_run"`

	// Followers has the read model and the notification service compared too; false for a
	// platform without them. Default: true.
	Followers bool `key:"followers"`
}

// DefaultDoctor returns the defaults.
func DefaultDoctor() Doctor {
	return Doctor{
		Every: 5 * time.Minute, WholeEvery: 24 * time.Hour, WholeAt: 3 * time.Hour,
		Grace: 10 * time.Minute, Pause: 10 * time.Second, Followers: true,
	}
}

// Check reports the rules that the section breaks.
func (d Doctor) Check(p *setting.Problems) {
	if e := d.Every; e != 0 && e < 10*time.Second { // mistyped, it would run all the time
		p.Add("doctor.every", "must be at least 10s, or 0", e.String())
	}
	if e := d.WholeEvery; e != 0 && e < time.Minute {
		p.Add("doctor.whole_every", "must be at least 1m, or 0", e.String())
	}
	if at := d.WholeAt; at < 0 || at >= 24*time.Hour {
		p.Add("doctor.whole_at", "must be at least 0 and less than 24h", at.String())
	}
	within(p, "doctor.rate", d.Rate, 0, 1_000_000)
}
