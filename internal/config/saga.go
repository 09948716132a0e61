package config

import (
	"fmt"
	"time"

	"github.com/amends/amends/internal/config/setting"
)

// Saga has the settings of the order saga.
type Saga struct {
	// DecideAfter is how long after its placement an order is aborted that has not
	// passed its pivot; 1s to 720h. Default: 10m.
	DecideAfter time.Duration `key:"decide_after" reads:"api,worker,dev"`

	// Style is how the steps of an order follow each other whose placement does not say:
	// orchestrated, by a workflow, or choreographed, each service taking its own when it
	// hears of the one before. Orders of both styles run whatever it is. The API's setting
	// counts. Default: orchestrated.
	Style string `key:"style" reads:"api,dev" help:"style of orders whose placement names none: orchestrated, choreographed"`

	// Express lets the order service's worker make the first try of the steps of a new
	// order, by calling their services: what succeeds at once costs the engine nothing.
	// Every worker of the order service must know it, so turn it on after them, and off
	// before one of an older release runs again. The API's setting counts, and an order
	// keeps its own. Default: true.
	Express bool `key:"express" reads:"api,dev"`

	// ParkAfter is how long a step, its undo or a settle may make no progress before
	// it is flagged as needing attention. Default: 2m.
	ParkAfter time.Duration `key:"park_after"`

	// ParkedRetry is the longest time between two attempts of such a step from the
	// pivot on, and in an undo: a recovery is noticed after that time. Default: 5m.
	ParkedRetry time.Duration `key:"parked_retry"`

	// StartToClose is how long one attempt of a step may take; steps that call an
	// external system have 10s, without a sign of life if they are long. It must be longer than LockTimeout, so that a blocked
	// statement fails before its step does. Default: 5s.
	StartToClose time.Duration `key:"start_to_close"`

	// LocalStartToClose is the same for the order service's steps, which run
	// inside a workflow task; 100ms to 4s, well below the task's own 10s. Default: 2s.
	LocalStartToClose time.Duration `key:"local_start_to_close"`

	// RetryInitial is the time before the second attempt; it doubles with each attempt.
	// Default: 100ms.
	RetryInitial time.Duration `key:"retry_initial"`

	// RetryMax is the longest time between two attempts before the decision. Default: 10s.
	RetryMax time.Duration `key:"retry_max"`
}

// DefaultSaga returns the defaults.
func DefaultSaga() Saga {
	return Saga{
		DecideAfter:       10 * time.Minute,
		Style:             "orchestrated",
		Express:           true,
		ParkAfter:         2 * time.Minute,
		ParkedRetry:       5 * time.Minute,
		StartToClose:      5 * time.Second,
		LocalStartToClose: 2 * time.Second,
		RetryInitial:      100 * time.Millisecond,
		RetryMax:          10 * time.Second,
	}
}

// Check reports the rules that the section breaks, together with lock_timeout.
func (s Saga) Check(p *setting.Problems, lockTimeout time.Duration) {
	between := func(key string, d, least, most time.Duration) {
		if d < least || d > most {
			p.Add(key, fmt.Sprintf("must be from %s to %s", least, most), d.String())
		}
	}
	atLeast := func(key string, d time.Duration, other string, least time.Duration) {
		if d < least {
			p.Add(key, fmt.Sprintf("must not be below %s (%s)", other, least), d.String())
		}
	}
	if s.Style != "orchestrated" && s.Style != "choreographed" {
		p.Add("saga.style", "must be orchestrated or choreographed", s.Style)
	}
	between("saga.decide_after", s.DecideAfter, time.Second, 720*time.Hour)
	between("saga.local_start_to_close", s.LocalStartToClose, 100*time.Millisecond, 4*time.Second) // below the workflow task's 10 s
	atLeast("saga.retry_max", s.RetryMax, "saga.retry_initial", s.RetryInitial)
	atLeast("saga.parked_retry", s.ParkedRetry, "saga.retry_max", s.RetryMax)
	atLeast("saga.park_after", s.ParkAfter, "saga.start_to_close", s.StartToClose)
	if s.StartToClose <= lockTimeout {
		p.Add("saga.start_to_close", fmt.Sprintf("must be longer than lock_timeout (%s)", lockTimeout), s.StartToClose.String())
	}
}
