// Package audit defines the facts that the shipping service reports to the doctor about a
// saga, and judges them. Package
// compare finds these facts, also at the carrier.
package audit

import (
	"context"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/shipping"
)

// Auditor reads the recorded parcels on both sides. It changes nothing and takes
// no locks; the parts of one saga's fact may be from different moments.
type Auditor interface {
	// Audit returns the parcels of the sagas of r on either side, at most about
	// r.Limit sagas (of a list: all). Sagas that neither side knows are left out.
	Audit(ctx context.Context, r audit.Range) (Page, error)
}

// Page is an answer of [Auditor.Audit].
type Page = audit.Page[Fact]

// Fact is the parcels of one saga, here and at the carrier.
type Fact struct {
	Saga  string    `json:"saga"`
	Since time.Time `json:"since,omitzero"` // of its first trace here; zero: only the carrier knows it
	// Parcels lists those that are booked on either side, or may be.
	Parcels []ParcelFact `json:"parcels,omitempty"`
	// Differ lists differences between the carrier's book and ours, Wrong
	// contradictions between the barrier and our rows, Partial parcels that are booked or
	// cancelled before their step is, as long as its saga runs, Undone undos that do not
	// match what was done, Answers recorded answers that our rows contradict.
	Differ  []audit.Difference `json:"differ,omitempty"`
	Wrong   []string           `json:"wrong,omitempty"`
	Partial []audit.Difference `json:"partial,omitempty"`
	Undone  []audit.Difference `json:"undone,omitempty"`
	Answers []string           `json:"answers,omitempty"`
	// Telling compares the barrier with the events that tell of it.
	Telling audit.Telling `json:"telling,omitzero"`
}

// ParcelFact is one parcel that is live on either side.
type ParcelFact struct {
	Step      string         `json:"step"`
	Warehouse string         `json:"warehouse"`
	Ours      shipping.State `json:"ours,omitempty"` // empty: we have no row of it
	Carrier   bool           `json:"carrier"`        // the carrier has it booked
	// Undoable reports whether the barrier would run an undo of the step.
	Undoable bool `json:"undoable,omitempty"`
}
