// Package compare compares our parcels with the carrier's, one by one, and both with
// the barrier's entries.
package compare

import (
	"context"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	"github.com/amends/amends/services/shipping/carrier"
)

// Parcels holds our rows of some sagas.
type Parcels struct {
	Parcels  []ParcelRow
	Recorded []audit.Recorded
	// Telling has the differences between our ledger and the events that tell of it, by
	// saga.
	Telling map[string]audit.Telling
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
func New(s Store, book carrier.Statement) shippingaudit.Auditor { return &auditor{s, book} }

type auditor struct {
	store     Store
	statement carrier.Statement
}

// Audit implements [shippingaudit.Auditor].
func (a *auditor) Audit(ctx context.Context, r audit.Range) (shippingaudit.Page, error) {
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
		return shippingaudit.Page{}, err
	}
	page := shippingaudit.Page{Facts: compare(parcels, lines), Next: next}
	for i := range page.Facts {
		page.Facts[i].Telling = parcels.Telling[page.Facts[i].Saga]
	}
	return page, nil
}
