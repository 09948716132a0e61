// Package audit defines the facts that the inventory service reports to the doctor about a
// saga, and judges them.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/inventory"
)

// StockAddsUp is the invariant that every unit is in exactly one place.
const StockAddsUp audit.Invariant = "I2"

// The kinds of findings about stock.
const (
	StockHeld    audit.Kind = "stock_held"     // a decided order holds stock
	StockSold    audit.Kind = "stock_sold"     // a cancelled order bought stock
	StockNotSold audit.Kind = "stock_not_sold" // a confirmed order has not bought exactly its units, once
	Stock        audit.Kind = "stock"          // the stock as a whole does not add up
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{StockHeld, StockSold, StockNotSold, Stock}

// Auditor reads the recorded reservations. It changes nothing and takes no locks;
// the parts of one saga's fact may be from different moments.
type Auditor interface {
	// Audit returns the stock of the sagas of r, at most r.Limit of them (of a list:
	// all). Sagas that the service does not know are left out.
	Audit(ctx context.Context, r audit.Range) (Page, error)

	// AuditStock describes the errors of the stock as a whole: units that are not in
	// exactly one place, negative counters, counters that the reservations or the
	// journal do not explain. It reads every reservation in one statement, so that all of it is
	// from one moment.
	AuditStock(ctx context.Context) ([]string, error)
}

// Page is an answer of [Auditor.Audit].
type Page = audit.Page[Fact]

// Fact is the stock of one saga.
type Fact struct {
	Saga  string      `json:"saga"`
	Since time.Time   `json:"since"`           // of its first trace
	Stock []StockFact `json:"stock,omitempty"` // without released reservations
	// Wrong describes contradictions between the barrier and the reservations, Undone
	// undos that do not match what was done, Answers recorded answers that the
	// reservations contradict.
	Wrong   []string `json:"wrong,omitempty"`
	Undone  []string `json:"undone,omitempty"`
	Answers []string `json:"answers,omitempty"`
	// Telling compares the barrier with the events that tell of it.
	Telling audit.Telling `json:"telling,omitzero"`
}

// StockFact is a reservation that still has units.
type StockFact struct {
	Step       string          `json:"step"`
	State      inventory.State `json:"state"` // [inventory.Held] or [inventory.Committed]
	Units      int64           `json:"units"`
	Warehouses int             `json:"warehouses"`
	// Undoable reports whether the barrier would run an undo of the step.
	Undoable bool `json:"undoable,omitempty"`
}

// Judge implements [audit.Fact].
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	switch o.Status {
	case audit.Pending:
		return nil
	case audit.Confirmed:
		f.confirmed(o, &all)
	case audit.Cancelled:
		f.cancelled(o, &all)
	}
	all.Texts(audit.LegalHistory, audit.Barrier, f.Wrong)
	all.Texts(audit.ExactUndo, audit.Undo, f.Undone)
	all.Texts(audit.OneAnswer, audit.Answer, f.Answers)
	all.Telling(f.Telling)
	return all
}

// confirmed judges the stock of an order that bought all its units, once.
func (f Fact) confirmed(o audit.Order, all *audit.Findings) {
	var sold, units int64
	for _, s := range f.Stock {
		if s.State == inventory.Held {
			all.Add(audit.NoOrphan, StockHeld, false, "%d units are still held by %s, and it is confirmed", s.Units, s.Step)
			continue
		}
		sold, units = sold+1, units+s.Units
	}
	if sold != 1 || units != o.Units {
		all.Add(audit.NoOrphan, StockNotSold, false,
			"it is confirmed with %d units, but %d reservations with %d units are sold", o.Units, sold, units)
	}
}

// cancelled judges the stock of an order that gave back all its units.
func (f Fact) cancelled(o audit.Order, all *audit.Findings) {
	for _, s := range f.Stock {
		switch {
		case s.State == inventory.Committed:
			all.Add(audit.NoOrphan, StockSold, false, "%d units are sold by %s, and it is cancelled", s.Units, s.Step)
		case !o.Waives(s.Step):
			all.Add(audit.NoOrphan, StockHeld, o.Resumable && s.Undoable, "%d units are held by %s, and it is cancelled%s",
				s.Units, s.Step, audit.NothingToUndo(s.Undoable))
		}
	}
}

// JudgeLegacy returns the violations in the stock of an order that another program has placed,
// see [inventory.LegacySaga]: it is sold at once, or not held any more.
func (f Fact) JudgeLegacy() (all audit.Findings) {
	for _, s := range f.Stock {
		if s.State == inventory.Held {
			all.Add(audit.NoOrphan, StockHeld, false, "%d units are held for an order of the legacy shop, which has neither bought nor released them", s.Units)
		}
	}
	if len(f.Stock) > 1 {
		all.Add(audit.AtMostOnce, StockSold, false, "the legacy shop has %d reservations for one order", len(f.Stock))
	}
	all.Texts(audit.LegalHistory, audit.Barrier, f.Wrong)
	all.Texts(audit.ExactUndo, audit.Undo, f.Undone)
	all.Texts(audit.OneAnswer, audit.Answer, f.Answers)
	all.Telling(f.Telling)
	return all
}

// Warehouses returns how many warehouses send the units that the saga bought.
func (f Fact) Warehouses() (n int) {
	for _, s := range f.Stock {
		if s.State == inventory.Committed {
			n += s.Warehouses
		}
	}
	return n
}

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) {
	for _, s := range f.Stock {
		what = append(what, fmt.Sprintf("%d units %s", s.Units, s.State))
	}
	return f.Since, what
}

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }
