// Package outlook tells the effect that a request of an operator would have: which steps would be
// asked, and for how much. It knows the order as its source told it; the saga itself asks only
// those that are left when it comes there.
package outlook

import (
	"slices"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// Call is a kind of request to a step.
type Call string

// The calls.
const (
	Take   Call = "take"
	Undo   Call = "undo"
	Settle Call = "settle" // whether the pivot has happened; if not, it never will
)

// Ask is a step that would be asked, and how much its effect is; zero: none, or not known.
type Ask struct {
	Step    string
	Call    Call
	Amount  *money.Amount
	Units   int64 // of stock
	Parcels int
}

// Outlook is the effect of a request, if it were made.
type Outlook struct {
	// Asks are the steps that would be asked: the first at once, each other one when its turn comes
	// and if it is still left to do. None: no step.
	Asks []Ask
	// Tells is the fact that would be told again; empty: none.
	Tells string
	// Waives is the effect that would stay, with a waiver; empty: none.
	Waives string
	// Clears are the flags that would be taken down at once.
	Clears []saga.Attention
	// Leaves is how much could be paid back after a refund; nil: it is none.
	Leaves *money.Amount
}

// Step tells of the retry or the skip of a step of an order.
func Step(s read.Snapshot, q saga.RepairRequest) Outlook {
	flags := slices.DeleteFunc(slices.Clone(s.Attention), func(a saga.Attention) bool { return a.Step != q.Step || a.Saga != "" || a.Lasting })
	rest := slices.DeleteFunc(left(s), func(a Ask) bool { return a.Step == q.Step })
	if q.Action == saga.Skip {
		o := Outlook{Asks: rest, Clears: flags}
		for _, f := range flags {
			o.Waives = f.Owed
		}
		return o
	}
	call := Take
	if Undoes(s) && slices.Contains(workflows.Back(), q.Step) {
		call = Undo
	}
	return Outlook{Asks: append([]Ask{ask(s, q.Step, call)}, rest...)}
}

// OfRefund returns the ask of a step of a refund.
func OfRefund(step string, amount money.Amount, lines []workflows.LineView) Ask {
	a := Ask{Step: step, Call: Take}
	switch step {
	case repay.PaysBack:
		a.Amount = &amount
	case repay.TakesBack:
		a.Units = units(lines)
	}
	return a
}

// Nudge tells of a choreographed order whose newest fact is told again.
func Nudge(s read.Snapshot, fact string) Outlook {
	o := Outlook{Tells: fact, Asks: left(s)}
	if fact == abortAsked {
		o.Asks = append([]Ask{ask(s, pivot, Settle)}, back(s)...)
	}
	return o
}

// Resume tells of a run that settles the pivot first.
func Resume(s read.Snapshot) Outlook {
	first := []Ask{ask(s, pivot, Settle)}
	if state(s, pivot) == saga.Done {
		return Outlook{Asks: append(first, forward(s)...)}
	}
	return Outlook{Asks: append(first, back(s)...)}
}

// Rerun tells of a run that begins again: an order that is undone finds the decision in its record.
func Rerun(s read.Snapshot) Outlook {
	var o Outlook
	call, names := Take, workflows.Forward()
	if Undoes(s) {
		call, names = Undo, workflows.Back()
		o.Asks = append(o.Asks, ask(s, pivot, Settle))
	}
	for _, name := range names {
		o.Asks = append(o.Asks, ask(s, name, call))
	}
	return o
}

// The pivot of an order, the decision that comes before its undo, and the fact after which it is
// settled.
var (
	pivot      = workflows.Pivot()
	decision   = "order.decide"
	abortAsked = order.AbortAskedFact.Service + "." + order.AbortAskedFact.Name
)

// Undoes reports whether an order is, or was, undone.
func Undoes(s read.Snapshot) bool {
	return s.Status == workflows.StatusCancelled || slices.ContainsFunc(s.Steps, func(v saga.StepView) bool {
		return v.Name == decision && v.State == saga.Done || v.Name != pivot && (v.State == saga.Undoing || v.State == saga.Undone || v.State == saga.Waived)
	})
}

// left returns the steps that are left to do, in the direction of the order.
func left(s read.Snapshot) []Ask {
	switch {
	case s.Decided():
		return nil
	case Undoes(s):
		return back(s)
	}
	return forward(s)
}

func forward(s read.Snapshot) []Ask {
	return asks(s, Take, workflows.Forward(), saga.Done, saga.Refused)
}

func back(s read.Snapshot) []Ask {
	return asks(s, Undo, workflows.Back(), saga.Undone, saga.Waived, saga.Refused)
}

// asks returns the steps of names that are not in one of the states.
func asks(s read.Snapshot, call Call, names []string, done ...saga.State) (all []Ask) {
	for _, name := range names {
		at := state(s, name)
		ends := call == Undo && at == saga.Done && !slices.Contains(workflows.Forward(), name)
		if !ends && !slices.Contains(done, at) {
			all = append(all, ask(s, name, call))
		}
	}
	return all
}

func state(s read.Snapshot, step string) saga.State {
	for _, v := range s.Steps {
		if v.Name == step {
			return v.State
		}
	}
	return saga.Waiting
}

// ask returns the ask of a step with its amounts. The undo of a step that holds nothing only keeps it
// from ever happening.
func ask(s read.Snapshot, step string, call Call) Ask {
	a := Ask{Step: step, Call: call}
	holds := slices.ContainsFunc(s.Steps, func(v saga.StepView) bool { return v.Name == step && v.Exposure != "" })
	if call == Undo && !slices.Contains(workflows.Forward(), step) {
		a.Call = Take // the steps that end an undone order have no undo
		return a
	}
	if call == Undo && !holds {
		return a
	}
	switch course.Exposures[step].Holds {
	case course.Money:
		a.Amount = s.Total
	case course.Stock:
		a.Units = units(s.Lines)
	case course.Parcels:
		a.Parcels = len(s.Parcels)
	}
	return a
}

func units(lines []workflows.LineView) (n int64) {
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}
