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
	return Doctor{Every: 5 * time.Minute, Grace: 10 * time.Minute, Pause: 10 * time.Second, Followers: true}
}

// Check reports the rules that the section breaks.
func (d Doctor) Check(p *setting.Problems) {
	if e := d.Every; e != 0 && e < 10*time.Second { // mistyped, it would run all the time
		p.Add("doctor.every", "must be at least 10s, or 0", e.String())
	}
	within(p, "doctor.rate", d.Rate, 0, 1_000_000)
}
