// Package audit defines the pages of facts that services report about sagas, so that
// the doctor can reconcile the services with each other.
//
// A service answers for a [Range] of sagas with a [Page] of facts, one per saga.
// If part of its effects are at an external system, [ReadPaired] reads the
// service's own rows and the external [Statement] for the same sagas. A service
// compares its rows with its barrier and its external system when it makes a
// fact, and judges the fact by an [Order]; only rules that need several services'
// facts are left to the caller. The package links no database and not Temporal, so
// services, activities and workflows can all import it.
package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Invariant is the number of a promise of the platform; docs/architecture.md
// lists all of them.
type Invariant string

// The invariants that hold for every service. Those about one service's domain
// are declared in its audit package.
const (
	NoOrphan     Invariant = "I3" // a decided order holds nothing that it must not
	AtMostOnce   Invariant = "I6" // no effect of an order is made twice
	LegalHistory Invariant = "I7" // recorded states form a legal path, and agree with the rows
	ExactUndo    Invariant = "I8" // an undo takes back exactly the effect of its step, once
	OneAnswer    Invariant = "I9" // a repeat is answered as the first call was
)

// Kind is the stable name of a kind of [Finding].
type Kind string

// The kinds of findings that every service may have. Each service declares those
// of its domain.
const (
	Barrier Kind = "barrier" // the barrier contradicts its service's own rows
	Undo    Kind = "undo"    // an undo does not match its step's effect
	Answer  Kind = "answer"  // a recorded answer differs from the rows
)

// Kinds lists the kinds that every service may have.
var Kinds = []Kind{Barrier, Undo, Answer, NotTold, ToldTwice, Undelivered}

// Fact is one saga as one service recorded it. The zero fact of a service is that
// of a saga which it does not know.
type Fact interface {
	// ID returns the saga.
	ID() string
	// Judge returns the violations in the fact, given the saga's order.
	Judge(o Order) Findings
	// Trace describes the fact in words for a saga without an order, with the time of
	// its first trace; zero: only the external system knows the saga.
	Trace() (since time.Time, what []string)
}

// Finding is one violation of an invariant by one saga in one service.
type Finding struct {
	Invariant Invariant
	Kind      Kind
	Detail    string // in words
	// Repairable reports whether resuming the saga can fix it.
	Repairable bool
}

// Status is the state of an order.
type Status string

// The statuses, spelled as the order service spells them.
const (
	Pending   Status = "PENDING"
	Confirmed Status = "CONFIRMED" // every effect is kept, once
	Cancelled Status = "CANCELLED" // every effect is undone, except for waived steps
)

// Order is the part of an order that services judge their facts by.
type Order struct {
	Status   Status
	Units    int64  // over all lines
	Total    int64  // in minor units of Currency
	Currency string // empty: no total is recorded
	Reason   string // for which it was cancelled
	Customer string // as its placement names it
	Refunded int64  // the part of Total that was paid back
	// Refunds lists the ids of the refunds that were made.
	Refunds []string
	// Account is the account of its customer; empty: it is a guest's.
	Account string
	// Flagged reports that an operator must review it.
	Flagged bool
	// Settled reports that its last change is old enough for every copy to have it.
	Settled bool
	// Waived lists the steps that an operator has given up undoing.
	Waived []string
	// Resumable reports whether the saga of a cancelled order may be resumed: it
	// would undo its steps, and not go forward.
	Resumable bool
}

// Waives reports whether an operator has given up undoing step.
func (o Order) Waives(step string) bool { return slices.Contains(o.Waived, step) }

// Decided reports whether the order is confirmed or cancelled.
func (o Order) Decided() bool { return o.Status != Pending }

// Recorded is the barrier's entry of one step, compared with the service's rows.
type Recorded struct {
	Key   key.Key
	State ledger.State
	At    time.Time // when the entry was created
	// Other describes how the recorded answer differs from the rows; empty if it
	// does not.
	Other string
}

// Difference is one key or step on which two books disagree.
type Difference struct {
	Step string `json:"step"` // empty if the key belongs to no saga
	What string `json:"what"` // in words
}

// Findings collects the findings about one fact.
type Findings []Finding

// Add adds a finding; repairable is [Finding.Repairable].
func (f *Findings) Add(i Invariant, k Kind, repairable bool, format string, args ...any) {
	*f = append(*f, Finding{Invariant: i, Kind: k, Repairable: repairable, Detail: fmt.Sprintf(format, args...)})
}

// Texts adds one finding per text; none is repairable.
func (f *Findings) Texts(i Invariant, k Kind, texts []string) {
	for _, t := range texts {
		f.Add(i, k, false, "%s", t)
	}
}

// Differences adds one finding per difference; none is repairable. Those of a
// waived step are left out: the operator may have settled them at the external
// system, which the service did not see.
func (f *Findings) Differences(o Order, i Invariant, k Kind, all []Difference) {
	for _, d := range all {
		if !o.Waives(d.Step) {
			f.Add(i, k, false, "%s", d.What)
		}
	}
}

// NothingToUndo returns the clause to append to a finding about an effect that still
// stands, if the barrier has nothing to undo, else "".
func NothingToUndo(undoable bool) string {
	if undoable {
		return ""
	}
	return "; its barrier says that there is nothing to undo"
}
