package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store/step"
)

// BeginUndo implements [shipping.Store].
func (s *Store) BeginUndo(ctx context.Context, k key.Key) (shipping.Undo, error) {
	entry, err := barrier.BeginUndo[recorded, shipping.Booking](ctx, s.db, k, step.Book.Undo(ctx))
	if err != nil {
		return shipping.Undo{}, database.Fault(err)
	}
	if !entry.State.Undoable() {
		return shipping.Undo{}, nil
	}
	undo := shipping.Undo{Open: true, Booked: entry.State == barrier.Done}
	var rows []row
	if err := of(s.db.WithContext(ctx), k).Where("state <> ?", string(shipping.Intent)).Find(&rows).Error; err != nil {
		return shipping.Undo{}, database.Fault(err)
	}
	cancelled := map[string]bool{}
	for _, r := range rows {
		undo.Booked = undo.Booked || r.TrackingNumber != nil
		cancelled[r.Warehouse] = r.State == string(shipping.Cancelled)
	}
	for _, p := range entry.Request.Parcels {
		if cancelled[p.Warehouse] {
			undo.Cancelled++
			continue
		}
		undo.Warehouses = append(undo.Warehouses, p.Warehouse)
	}
	return undo, nil
}

// RecordCancelled implements [shipping.Store].
func (s *Store) RecordCancelled(ctx context.Context, k key.Key, cancelled shipping.Shipment) error {
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		return cancelOne(db, k, cancelled, database.Now())
	})
}

// EndUndo implements [shipping.Store].
func (s *Store) EndUndo(ctx context.Context, k key.Key, undo shipping.Undo, rest []shipping.Shipment) error {
	to := barrier.Blocked
	if undo.Booked {
		to = barrier.Undone
	}
	return database.Fault(barrier.EndUndo(ctx, s.db, k, to, func(tx *gorm.DB) error {
		return cancel(tx, k, rest)
	}, step.Book.Undo(ctx)))
}

// cancel makes every shipment of the step cancelled that is not. Those in rest may have
// been booked at the carrier, even if their rows do not show it.
func cancel(tx *gorm.DB, k key.Key, rest []shipping.Shipment) error {
	t := database.Now()
	for _, sh := range rest {
		if err := cancelOne(tx, k, sh, t); err != nil {
			return err
		}
	}
	return of(tx, k).Where("state <> ?", string(shipping.Cancelled)).
		Updates(map[string]any{"state": string(shipping.Cancelled), "cancelled_at": t}).Error
}

// cancelOne makes one shipment cancelled, unless it is. With a tracking number it was
// booked at the carrier.
func cancelOne(db *gorm.DB, k key.Key, sh shipping.Shipment, t time.Time) error {
	set := map[string]any{"state": string(shipping.Cancelled), "cancelled_at": t}
	if sh.TrackingNumber != "" {
		set["carrier"], set["tracking_number"] = sh.Carrier, sh.TrackingNumber
	}
	return of(db, k).Where("warehouse = ? AND state <> ?", sh.Warehouse, string(shipping.Cancelled)).Updates(set).Error
}
