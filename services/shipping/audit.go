package shipping

import (
	"context"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping/carrier"
)

// Auditor shows what the service and the carrier have recorded, compared with
// each other parcel by parcel. It changes nothing and takes no locks; what it
// shows of a saga that is under way may be of different moments.
type Auditor interface {
	// Audit returns what the sagas of r have here or at the carrier, at most about
	// r.Limit of them (a list: all). A saga that neither ever heard of is left out.
	Audit(ctx context.Context, r key.Range) (AuditPage, error)
}

// AuditPage is an answer of [Auditor.Audit].
type AuditPage struct {
	Facts []Fact `json:"facts"`
	// Next is behind which saga the range goes on; empty if this is all of it.
	Next string `json:"next,omitempty"`
}

// Fact is what one saga has here and at the carrier.
type Fact struct {
	Saga  string    `json:"saga"`
	Since time.Time `json:"since,omitzero"` // its first trace here; zero: only the carrier knows it
	// Parcels are those that are booked, or maybe booked, here or there.
	Parcels []ParcelFact `json:"parcels,omitempty"`
	// Differ is where the carrier's book is not ours, Wrong where the barrier
	// contradicts our own rows. Undone is what was taken back that had not happened,
	// or not like that; Answers which recorded answers are not what our rows say.
	Differ  []Difference `json:"differ,omitempty"`
	Wrong   []string     `json:"wrong,omitempty"`
	Undone  []Difference `json:"undone,omitempty"`
	Answers []string     `json:"answers,omitempty"`
}

// ParcelFact is one parcel that is live here, there, or both.
type ParcelFact struct {
	Step      string `json:"step"`
	Warehouse string `json:"warehouse"`
	Ours      State  `json:"ours,omitempty"` // empty: we do not know it
	Carrier   bool   `json:"carrier"`        // the carrier has it booked
	// Undoable says that an undo of the step would do something.
	Undoable bool `json:"undoable,omitempty"`
}

// Difference is one parcel of which the books differ.
type Difference struct {
	Step string `json:"step"`
	What string `json:"what"` // in words
}

// Standing is what the barrier has of one step.
type Standing struct {
	Key      key.Key
	State    string
	Undoable bool // an undo would do something
	At       time.Time
	// Other says in words how its answer is not what our rows say; empty: it is.
	Other string
}

// Parcels is what our own tables have of some sagas.
type Parcels struct {
	Parcels   []ParcelRow
	Standings []Standing
	// Range is that of these rows, Next behind which saga it goes on, empty: nothing.
	Range key.Range
	Next  string
}

// ParcelRow is a parcel as our tables have it.
type ParcelRow struct {
	Key key.Key // of its step
	Shipment

	At time.Time
}

// AuditStore reads what [NewAuditor] compares.
type AuditStore interface {
	// Parcels returns our rows of the sagas of r, at most r.Limit sagas (a list: all).
	Parcels(ctx context.Context, r key.Range) (Parcels, error)
}

// NewAuditor returns an auditor that compares our parcels with the carrier's.
func NewAuditor(s AuditStore, book carrier.Statement) Auditor { return &auditor{s, book} }

type auditor struct {
	store     AuditStore
	statement carrier.Statement
}

// Audit implements [Auditor].
func (a *auditor) Audit(ctx context.Context, r key.Range) (AuditPage, error) {
	parcels, lines, next, err := key.Together(ctx, r,
		key.Statement[carrier.StatementLine]{
			Of:      a.statement.LinesOf,
			Between: a.statement.Lines,
			Saga: func(l carrier.StatementLine) string {
				saga, _ := split(l.Key)
				return saga
			},
		},
		func(ctx context.Context, r key.Range) (Parcels, key.Range, string, error) {
			p, err := a.store.Parcels(ctx, r)
			return p, p.Range, p.Next, err
		})
	if err != nil {
		return AuditPage{}, err
	}
	return AuditPage{Facts: compare(parcels, lines), Next: next}, nil
}
