package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
)

// BeginUndo implements [shipping.Store].
func (s *Store) BeginUndo(ctx context.Context, k key.Key) (shipping.Undo, error) {
	entry, err := barrier.BeginUndo[recorded, shipping.Booking](ctx, s.db, k)
	if err != nil {
		return shipping.Undo{}, database.Fault(err)
	}
	if !entry.State.Undoable() {
		return shipping.Undo{}, nil
	}
	undo := shipping.Undo{Done: entry.State == barrier.Done}
	for _, p := range entry.Request.Parcels {
		undo.Warehouses = append(undo.Warehouses, p.Warehouse)
	}
	return undo, nil
}

// EndUndo implements [shipping.Store].
func (s *Store) EndUndo(ctx context.Context, k key.Key, undo shipping.Undo, takenBack []shipping.Shipment) error {
	to := barrier.Blocked
	if undo.Done || len(takenBack) > 0 {
		to = barrier.Undone
	}
	return database.Fault(barrier.EndUndo(ctx, s.db, k, to, func(tx *gorm.DB) error {
		return cancel(tx, k, takenBack)
	}))
}

// cancel makes every shipment of the step cancelled. Those in takenBack were booked at
// the carrier, even if their rows do not show it.
func cancel(tx *gorm.DB, k key.Key, takenBack []shipping.Shipment) error {
	t := database.Now()
	for _, sh := range takenBack {
		err := of(tx, k).Where("warehouse = ?", sh.Warehouse).Updates(map[string]any{
			"state": string(shipping.Cancelled), "cancelled_at": t,
			"carrier": sh.Carrier, "tracking_number": sh.TrackingNumber,
		}).Error
		if err != nil {
			return err
		}
	}
	return of(tx, k).Where("state <> ?", string(shipping.Cancelled)).
		Updates(map[string]any{"state": string(shipping.Cancelled), "cancelled_at": t}).Error
}
