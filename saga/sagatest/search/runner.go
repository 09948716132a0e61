package search

import (
	"context"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Runner runs a saga under one schedule after the other.
type Runner interface {
	// Run runs one schedule. With grow it also returns how the schedule can grow. With
	// known worlds, the run ends at the first of them.
	Run(ctx context.Context, s schedule.Schedule, grow bool, known *Worlds) Result

	// Cells returns the cells that an exploration of two or more faults has to hit to be
	// valid, beside those that could happen in one of its runs.
	Cells() []Cell
}

// Result is the outcome of one schedule.
type Result struct {
	Cut   bool // the run ended at a known world and was not judged
	Err   error
	Trace []string          // the calls of a run that failed
	Short bool              // not every fault of the schedule has hit
	Hit   schedule.Schedule // those that have, if it is short
	More  []Growth          // that the schedule can grow by
	Same  int               // number of further growths that would lead to the same run as others
	Past  []Boundary
	Marks []Mark // that the run came by
	Wants []Mark // that the exploration must come by, as far as this run knows
	Stood []Mark // that a fault at one of its calls may lead to
}

// Growth is one more fault for a schedule.
type Growth struct {
	By   schedule.Fault
	Cell Cell
	At   int  // index of the call
	Amid bool // the call is in the middle of an outage

	Leads []Mark // that it may lead to

	from schedule.Schedule
}

func (g Growth) schedule() schedule.Schedule {
	if g.By == (schedule.Fault{}) {
		return g.from
	}
	return g.from.With(g.By)
}
