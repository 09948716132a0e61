package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	told "github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/audit/compare"
	"github.com/amends/amends/services/shipping/store/step"
)

var _ compare.Store = (*Store)(nil)

// Parcels implements [compare.Store].
func (s *Store) Parcels(ctx context.Context, r audit.Range) (compare.Parcels, error) {
	p, err := s.parcels(ctx, r)
	return p, database.Fault(err)
}

func (s *Store) parcels(ctx context.Context, r audit.Range) (compare.Parcels, error) {
	r, more, err := pages.Cut(ctx, s.db, r, "shipments")
	if err != nil {
		return compare.Parcels{}, err
	}
	all := compare.Parcels{Range: r}
	if more {
		all.Next = r.To
	}
	entries, err := barrier.Entries(ctx, s.db, r)
	if err != nil {
		return compare.Parcels{}, err
	}
	var rows []row
	err = pages.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation, warehouse").Find(&rows).Error
	if err != nil {
		return compare.Parcels{}, fmt.Errorf("read shipments: %w", err)
	}
	for _, r := range rows {
		all.Parcels = append(all.Parcels, compare.ParcelRow{
			Key:      key.Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation},
			Shipment: r.shipment().Shipment, At: r.CreatedAt.UTC(),
		})
	}
	booked := bookings(all.Parcels)
	for _, e := range entries {
		r := audit.Recorded{Key: e.Key, State: e.State, At: e.CreatedAt}
		if e.Answered() || e.State == barrier.Done {
			r.Other = barrier.Differs(e, booked[e.Key])
		}
		all.Recorded = append(all.Recorded, r)
	}
	all.Telling, err = told.Entries(ctx, s.db, r, entries, step.Steps)
	return all, err
}

// bookings returns the answer that the rows of each step imply: every parcel that
// was booked, in its state at that time.
func bookings(rows []compare.ParcelRow) map[key.Key]shipping.Booking {
	of := map[key.Key]shipping.Booking{}
	for _, r := range rows {
		if r.TrackingNumber == "" {
			continue
		}
		was := r.Shipment
		was.State = shipping.Booked
		b := of[r.Key]
		b.Shipments = append(b.Shipments, was)
		of[r.Key] = b
	}
	for _, b := range of { // databases may sort codes differently
		slices.SortFunc(b.Shipments, func(a, b shipping.Shipment) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
	}
	return of
}
