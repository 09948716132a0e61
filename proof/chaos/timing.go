package chaos

import (
	"time"
)

// Timing is the platform's configuration of time: short, so that parking, undo and
// deadlines happen within a run.
type Timing struct {
	StartToClose, LockTimeout, RetryMax, ParkAfter, ParkedRetry, DecideAfter, PlacementTimeout, TakeoverAfter time.Duration
	// Doctor is the interval of the doctor's rounds, which repair; 0: never.
	Doctor time.Duration
}

// Hasty returns the timing of a chaos run.
func Hasty() Timing {
	return Timing{
		StartToClose: 3 * time.Second, LockTimeout: time.Second, RetryMax: 2 * time.Second, ParkAfter: 5 * time.Second,
		ParkedRetry: 3 * time.Second, DecideAfter: 20 * time.Second, PlacementTimeout: 3 * time.Second, TakeoverAfter: 5 * time.Second,
	}
}

// Usual returns the product's defaults, as figures about it need.
func Usual() Timing {
	return Timing{
		StartToClose: 5 * time.Second, RetryMax: 10 * time.Second, ParkAfter: 2 * time.Minute,
		ParkedRetry: 5 * time.Minute, DecideAfter: 10 * time.Minute, PlacementTimeout: 10 * time.Second, TakeoverAfter: 15 * time.Second,
	}
}

// outside is the start-to-close of the steps that call the provider or the
// carrier; it cannot be configured.
const outside = 10 * time.Second

// workflowTask is the start-to-close of a workflow task, which is the work of the
// order workers; their steps are parts of one.
const workflowTask = 10 * time.Second

// publishing is how long a relay waits for the broker's answer.
const publishing = 5 * time.Second

// longestStep returns the longest start-to-close of the attempts of a worker.
func (t Timing) longestStep(worker string) time.Duration {
	switch worker {
	case "payment", "shipping":
		return max(outside, t.StartToClose)
	case "order-1", "order-2":
		return max(workflowTask, t.StartToClose)
	default:
		return t.StartToClose
	}
}

// bound is how long after the last fault everything must be decided: an order
// placed at the end may run into its deadline, and its undo into the pauses
// between the attempts of a parked step. A choreographed order also waits until other
// processes listen, and publish, in place of those that died.
func (t Timing) bound() time.Duration {
	return max(t.DecideAfter+t.ParkAfter+2*t.ParkedRetry+2*outside+2*t.TakeoverAfter, time.Minute)
}

// environ returns the timing as configuration of a process of amends.
func (t Timing) environ() []string {
	return []string{
		"AMENDS_SAGA_START_TO_CLOSE=" + t.StartToClose.String(),
		"AMENDS_SAGA_RETRY_MAX=" + t.RetryMax.String(),
		"AMENDS_SAGA_PARK_AFTER=" + t.ParkAfter.String(),
		"AMENDS_SAGA_PARKED_RETRY=" + t.ParkedRetry.String(),
		"AMENDS_SAGA_DECIDE_AFTER=" + t.DecideAfter.String(),
		"AMENDS_LOCK_TIMEOUT=" + t.LockTimeout.String(),
		"AMENDS_PLACEMENT_TIMEOUT=" + t.PlacementTimeout.String(),
		"AMENDS_BROKER_TAKEOVER_AFTER=" + t.TakeoverAfter.String(),
		"AMENDS_DOCTOR_EVERY=" + t.Doctor.String(),
		"AMENDS_DOCTOR_GRACE=1s", // it judges undo that is under way, too
		"AMENDS_DOCTOR_PAUSE=1s",
		"AMENDS_DOCTOR_WHOLE_EVERY=0", // faults leave damage at any age
	}
}
