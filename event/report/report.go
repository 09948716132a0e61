// Package report has the facts by which a service reports that it cannot react to the event
// of a saga. They are the same for every service: which reaction fails is in their data.
//
// All of them are urgent, so that their listener hears of trouble although it is in trouble
// itself, and in the order in which they were told.
package report

import (
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// Facts are the reports of one service.
type Facts struct {
	// Failed is told when a step fails with a bug while the saga can still be aborted.
	Failed event.Fact[Failure]
	// Stuck is told when a reaction needs an operator: it has failed for long, or with a
	// bug that does not abort the saga. It is told again with another code.
	Stuck event.Fact[Stall]
	// Recovered is told when the event of a stuck reaction is handled, or given up.
	Recovered event.Fact[Recovery]
}

// Failure is a step that has failed with a bug.
type Failure struct {
	key.Key
	Code fault.Code `json:"code"`
}

// Stall is a reaction that makes no progress.
type Stall struct {
	key.Key            // of the step that it takes, undoes or settles
	Call    string     `json:"call"` // the method that fails
	Code    fault.Code `json:"code"`
	Kind    fault.Kind `json:"kind"`           // [fault.Unknown]: the call may have taken effect
	Owed    string     `json:"owed,omitempty"` // the effect of the step that may stand meanwhile, in words; absent: none
	Since   time.Time  `json:"since"`
}

// Recovery is the end of a stall.
type Recovery struct {
	key.Key
	Call string `json:"call"`
}

// Declare returns the reports of a service, and appends them to its facts.
func Declare(service string, facts *[]event.Declaration) Facts {
	f := Facts{
		declare[Failure](service, "failed", "A step of the saga has failed with a bug before its pivot is settled."),
		declare[Stall](service, "stuck", "A reaction of the saga makes no progress: an operator must review it."),
		declare[Recovery](service, "recovered", "A reaction that was stuck is handled, or given up by an operator."),
	}
	*facts = append(*facts, f.Failed.Declaration, f.Stuck.Declaration, f.Recovered.Declaration)
	return f
}

func declare[Data any](service, name, about string) event.Fact[Data] {
	return event.Declare[Data](event.Declaration{Service: service, Name: name, Version: 1, Key: "order", Urgent: true, About: about})
}
