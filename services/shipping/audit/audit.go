// Package audit reports the parcels of sagas, as the shipping service and its
// carrier recorded them, compares the two parcel by parcel, and judges whether an
// order may have them.
package audit

import (
	"context"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier"
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
	// contradictions between the barrier and our rows, Undone undos that do not match
	// what was done, Answers recorded answers that our rows contradict.
	Differ  []audit.Difference `json:"differ,omitempty"`
	Wrong   []string           `json:"wrong,omitempty"`
	Undone  []audit.Difference `json:"undone,omitempty"`
	Answers []string           `json:"answers,omitempty"`
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

// Parcels holds our rows of some sagas.
type Parcels struct {
	Parcels  []ParcelRow
	Recorded []audit.Recorded
	// Range is the key range of these rows; Next is the cursor for the next page,
	// empty on the last.
	Range audit.Range
	Next  string
}

// ParcelRow is a parcel in our tables.
type ParcelRow struct {
	Key key.Key // of its step
	shipping.Shipment

	At time.Time
}

// Store reads our side of the comparison.
type Store interface {
	// Parcels returns our rows of the sagas of r, at most r.Limit sagas (of a list: all).
	Parcels(ctx context.Context, r audit.Range) (Parcels, error)
}

// New returns an auditor that compares our parcels with the carrier's.
func New(s Store, book carrier.Statement) Auditor { return &auditor{s, book} }

type auditor struct {
	store     Store
	statement carrier.Statement
}

// Audit implements [Auditor].
func (a *auditor) Audit(ctx context.Context, r audit.Range) (Page, error) {
	parcels, lines, next, err := audit.ReadPaired(ctx, r,
		audit.Statement[carrier.StatementLine]{
			Of: func(ctx context.Context, sagas []string) ([]carrier.StatementLine, error) {
				lines, err := a.statement.LinesOf(ctx, sagas)
				return lines, shipping.CarrierFault(err)
			},
			Between: func(ctx context.Context, after, to string, limit int) ([]carrier.StatementLine, error) {
				lines, err := a.statement.Lines(ctx, after, to, limit)
				return lines, shipping.CarrierFault(err)
			},
			Saga: func(l carrier.StatementLine) string {
				saga, _ := split(l.Key)
				return saga
			},
		},
		func(ctx context.Context, r audit.Range) (Parcels, audit.Range, string, error) {
			p, err := a.store.Parcels(ctx, r)
			return p, p.Range, p.Next, err
		})
	if err != nil {
		return Page{}, err
	}
	return Page{Facts: compare(parcels, lines), Next: next}, nil
}
