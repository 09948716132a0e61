package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
)

var _ shipping.AuditStore = (*Store)(nil)

// Parcels implements [shipping.AuditStore].
func (s *Store) Parcels(ctx context.Context, r key.Range) (shipping.Parcels, error) {
	p, err := s.parcels(ctx, r)
	return p, database.Fault(err)
}

func (s *Store) parcels(ctx context.Context, r key.Range) (shipping.Parcels, error) {
	r, more, err := barrier.Cut(ctx, s.db, r, "shipments")
	if err != nil {
		return shipping.Parcels{}, err
	}
	all := shipping.Parcels{Range: r}
	if more {
		all.Next = r.To
	}
	standings, err := barrier.Standings(ctx, s.db, r)
	if err != nil {
		return shipping.Parcels{}, err
	}
	var rows []row
	err = barrier.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation, warehouse").Find(&rows).Error
	if err != nil {
		return shipping.Parcels{}, fmt.Errorf("read shipments: %w", err)
	}
	for _, r := range rows {
		all.Parcels = append(all.Parcels, shipping.ParcelRow{
			Key:      key.Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation},
			Shipment: r.shipment().Shipment, At: r.CreatedAt.UTC(),
		})
	}
	booked := bookings(all.Parcels)
	for _, st := range standings {
		s := shipping.Standing{Key: st.Key, State: string(st.State), Undoable: st.Undoable(), At: st.CreatedAt}
		if st.Answered() || st.State == barrier.Done {
			s.Other = barrier.Differs(st, booked[st.Key])
		}
		all.Standings = append(all.Standings, s)
	}
	return all, nil
}

// bookings are what the rows of each step say that it was answered: every parcel
// that was booked, as it was then.
func bookings(rows []shipping.ParcelRow) map[key.Key]shipping.Booking {
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
	for _, b := range of { // the database's order of codes is not ours
		slices.SortFunc(b.Shipments, func(a, b shipping.Shipment) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
	}
	return of
}
