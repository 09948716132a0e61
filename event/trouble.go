package event

import (
	"time"

	"github.com/amends/amends/fault"
)

// Trouble is how an event stands that a listener has failed to handle.
type Trouble struct {
	State TroubleState
	// Kind and Code are those of the last failure.
	Kind fault.Kind
	Code fault.Code
	// Since is when the event has come to stand like that, in UTC.
	Since time.Time
}

// TroubleState says how an event stands.
type TroubleState int

// The states of an event that was not handled at once.
const (
	// Broken: it has failed with a bug, which no further attempt mends.
	Broken TroubleState = iota + 1
	// Stuck: it needs an operator, because it has failed for long or is parked.
	Stuck
	// Recovered: it was stuck, and is now handled or given up.
	Recovered
)
