package sagatest

import (
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/stage"
)

// The types of the packages stage, schedule and search that a test of a saga uses.
type (
	// Subject is a saga with everything it works on.
	Subject = stage.Subject
	// Refuser is a [Subject] whose services can refuse a step.
	Refuser = stage.Refuser
	// Disturber is a [Subject] whose surroundings can change beside the saga.
	Disturber = stage.Disturber
	// Fingerprinter is a [Subject] that recognizes equal states of its services.
	Fingerprinter = stage.Fingerprinter
	// Registry collects the workflows and activities of a [Subject].
	Registry = stage.Registry
	// End is how a saga ended.
	End = stage.End
	// Schedule is a set of faults, at most one per call.
	Schedule = schedule.Schedule
	// Fault is a fault at one call.
	Fault = schedule.Fault
	// Kind is a kind of fault; package schedule has the list.
	Kind = schedule.Kind
	// Report is the result of an exploration.
	Report = search.Report
	// Size is a part of a [Report]: the schedules of one number of faults.
	Size = search.Size
	// Mark is a row of the barrier's table of calls, such as "pay.settle found intent".
	Mark = search.Mark
	// Failure is a schedule after which a promise was broken.
	Failure = search.Failure
)

// ParseSchedule reads a schedule from one line, as [Schedule.String] writes it.
func ParseSchedule(line string) (Schedule, error) { return schedule.Parse(line) }
