package shipping

import (
	"context"
	"fmt"
	"strings"
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
	// contradicts our own rows.
	Differ []Difference `json:"differ,omitempty"`
	Wrong  []string     `json:"wrong,omitempty"`
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

// split returns the saga and the step of a carrier's key.
func split(k string) (saga, step string) {
	saga, step, _ = strings.Cut(k, "/")
	step, _, _ = strings.Cut(step, "/")
	step, _, _ = strings.Cut(step, "#")
	return saga, step
}

// compare joins our rows, the barrier's and the carrier's by key.
func compare(ours Parcels, lines []carrier.StatementLine) []Fact {
	var all []Fact
	of := map[string]int{}
	fact := func(saga string, at time.Time) *Fact {
		i, ok := of[saga]
		if !ok {
			i = len(all)
			of[saga], all = i, append(all, Fact{Saga: saga, Since: at})
		}
		f := &all[i]
		if !at.IsZero() && (f.Since.IsZero() || at.Before(f.Since)) {
			f.Since = at
		}
		return f
	}
	standings, rows := map[key.Key]Standing{}, map[key.Key]int{}
	for _, st := range ours.Standings {
		fact(st.Key.Saga, st.At)
		standings[st.Key] = st
	}
	theirs := map[string]carrier.StatementLine{}
	for _, l := range lines {
		theirs[l.Key] = l
	}
	for _, p := range ours.Parcels {
		k := p.Key.Child(p.Warehouse)
		l, known := theirs[k]
		delete(theirs, k)
		f, st := fact(p.Key.Saga, p.At), standings[p.Key]
		rows[p.Key]++
		booked := l.Booking.State == carrier.Booked
		if booked || p.State != Cancelled {
			f.Parcels = append(f.Parcels, ParcelFact{
				Step: p.Key.Step, Warehouse: p.Warehouse, Ours: p.State, Carrier: booked, Undoable: st.Undoable,
			})
		}
		agree := true
		switch p.State {
		case Intent: // nobody knows yet
		case Booked:
			agree = booked && l.Booking.TrackingNumber == p.TrackingNumber
		case Cancelled:
			agree = !booked
		}
		if !agree {
			f.differ(p.Key.Step, p.Warehouse, "ours is "+string(p.State)+" "+p.TrackingNumber, l, known)
		}
		if !fits(p.State, st.State) {
			f.Wrong = append(f.Wrong, fmt.Sprintf("%s: the parcel of %s is %s, its barrier is %s", p.Key.Step, p.Warehouse, p.State, orNone(st.State)))
		}
	}
	for _, st := range ours.Standings { // an effect of ours must have rows
		if st.Undoable && rows[st.Key] == 0 {
			f := fact(st.Key.Saga, st.At)
			f.Wrong = append(f.Wrong, fmt.Sprintf("%s: there is no parcel, its barrier is %s", st.Key.Step, st.State))
		}
	}
	for _, l := range lines { // in the order of the book: what is left of theirs
		if _, strange := theirs[l.Key]; !strange || l.Booking.State != carrier.Booked {
			continue
		}
		saga, step := split(l.Key)
		f := fact(saga, time.Time{})
		f.Parcels = append(f.Parcels, ParcelFact{Step: step, Warehouse: l.Warehouse, Carrier: true})
		f.differ(step, l.Warehouse, "we have none", l, true)
	}
	return all
}

// fits says whether a parcel may be so while its step is so. A step that is being
// refused or undone has parcels that are taken back already.
func fits(p State, step string) bool {
	switch p {
	case Intent:
		return step == "intent"
	case Booked:
		return step == "done"
	default:
		return step != "done" && step != ""
	}
}

func (f *Fact) differ(step, warehouse, ours string, l carrier.StatementLine, known bool) {
	theirs := "the carrier has none"
	if known {
		theirs = "the carrier's is " + string(l.Booking.State) + " " + l.Booking.TrackingNumber
	}
	f.Differ = append(f.Differ, Difference{
		Step: step, What: fmt.Sprintf("%s: parcel of %s: %s, %s", step, warehouse, strings.TrimSpace(ours), theirs),
	})
}

func orNone(s string) string {
	if s == "" {
		return "not there"
	}
	return s
}
