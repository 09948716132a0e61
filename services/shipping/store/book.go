package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
)

// recorded is the part of a request that the barrier stores: the parcels, which give
// the keys at the carrier, without the address.
type recorded struct {
	Parcels []shipping.Parcel `json:"parcels"`
}

// Intend implements [shipping.Store].
func (s *Store) Intend(ctx context.Context, k key.Key, req shipping.BookRequest) (shipping.Ticket, error) {
	parcels := sorted(req.Parcels)
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req.ShipTo, parcels), Request: recorded{parcels}}
	ticket, err := barrier.Intend[shipping.Booking](ctx, s.db, call, func(tx *gorm.DB) error {
		return database.Queue(tx, int64(len(parcels))).Create(newRows(k, parcels)).Error
	})
	if err != nil {
		return shipping.Ticket{}, database.Fault(err)
	}
	t := shipping.Ticket{Ticket: ticket}
	if t.Repeat && !t.Done {
		t.Refusal, err = s.refusal(ctx, k)
	}
	return t, err
}

// Conclude implements [shipping.Store].
func (s *Store) Conclude(ctx context.Context, k key.Key, booking shipping.Booking) error {
	err := barrier.Conclude(ctx, s.db, k, booking, func(tx *gorm.DB) error {
		for _, sh := range booking.Shipments {
			res := of(database.Queue(tx, 1), k).Where("warehouse = ? AND state = ? AND refusal_code IS NULL", sh.Warehouse, string(shipping.Intent)).
				Updates(map[string]any{
					"state": string(shipping.Booked), "booked_at": database.Now(),
					"carrier": sh.Carrier, "tracking_number": sh.TrackingNumber,
				})
			if res.Error != nil {
				return res.Error
			}
			if res.RowsAffected == 0 {
				return txn.ErrRows
			}
		}
		return nil
	})
	if errors.Is(err, txn.ErrRows) {
		// The barrier row was still an intent, so the shipment was one too. It remains
		// that another attempt was refused and cancels its parcels.
		return fault.Errorf(fault.Transient, fault.Conflict, "another attempt is taking the parcels back")
	}
	return database.Fault(err)
}

// BeginRefusal implements [shipping.Store].
func (s *Store) BeginRefusal(ctx context.Context, k key.Key, warehouse string, refusal *fault.Error) (bool, error) {
	var open bool
	err := database.Retry(ctx, s.db, func(db *gorm.DB) error {
		res := of(db, k).Where("warehouse = ? AND state = ?", warehouse, string(shipping.Intent)).
			Updates(map[string]any{
				"refusal_code":    gorm.Expr("COALESCE(refusal_code, ?)", string(refusal.Code)),
				"refusal_message": gorm.Expr("COALESCE(refusal_message, ?)", refusal.Message),
			})
		open = res.RowsAffected > 0
		return res.Error
	})
	return open && err == nil, err
}

// EndRefusal implements [shipping.Store].
func (s *Store) EndRefusal(ctx context.Context, k key.Key, refusal *fault.Error, takenBack []shipping.Shipment) error {
	return database.Fault(barrier.Refuse(ctx, s.db, k, refusal, func(tx *gorm.DB) error {
		return cancel(tx, k, takenBack)
	}))
}

// refusal returns the refusal that has begun but not ended, or nil.
func (s *Store) refusal(ctx context.Context, k key.Key) (*fault.Error, error) {
	var rows []row
	err := of(s.db.WithContext(ctx), k).Where("refusal_code IS NOT NULL").Order("warehouse").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, database.Fault(err)
	}
	return fault.Errorf(fault.Business, fault.Code(*rows[0].RefusalCode), "%s", *rows[0].RefusalMessage), nil
}

// fingerprint identifies a booking by the address and each parcel's warehouse,
// products and quantities. It is a hash, so the address cannot be read from it.
func fingerprint(to shipping.Address, parcels []shipping.Parcel) string {
	parts := []string{to.Name, to.Line1, to.Line2, to.City, to.PostalCode, to.Country}
	for _, p := range parcels {
		parts = append(parts, p.Warehouse, strconv.Itoa(len(p.Lines)))
		for _, l := range p.Lines {
			parts = append(parts, l.SKU, strconv.FormatInt(l.Quantity, 10))
		}
	}
	if to.Region != "" { // an address without one keeps the fingerprint that it had before there were any
		parts = append(parts, to.Region)
	}
	return barrier.Fingerprint(1, parts...)
}

// sorted returns the parcels by warehouse code: their order has no meaning, and rows
// are written in the order of their keys.
func sorted(parcels []shipping.Parcel) []shipping.Parcel {
	return slices.SortedFunc(slices.Values(parcels), func(a, b shipping.Parcel) int {
		return cmp.Compare(a.Warehouse, b.Warehouse)
	})
}
