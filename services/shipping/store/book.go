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
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store/step"
)

// recorded is the part of a request that the barrier stores: the parcels, which give
// the keys at the carrier, without the address.
type recorded struct {
	Parcels []shipping.Parcel `json:"parcels"`
}

// Intend implements [shipping.Store].
func (s *Store) Intend(ctx context.Context, k key.Key, req shipping.BookRequest) (shipping.Ticket, error) {
	ticket, err := s.claim(ctx, k, req)
	if err != nil {
		return shipping.Ticket{}, database.Fault(err)
	}
	t := shipping.Ticket{Ticket: ticket}
	if t.Repeat && !t.Done {
		err = s.known(ctx, k, &t)
	}
	return t, err
}

// known adds the state of the step's shipments to the ticket of a repeat.
func (s *Store) known(ctx context.Context, k key.Key, t *shipping.Ticket) error {
	var rows []row
	err := of(s.db.WithContext(ctx), k).Where("state <> ? OR refusal_code IS NOT NULL", string(shipping.Intent)).Find(&rows).Error
	if err != nil {
		return database.Fault(err)
	}
	// Databases may sort codes differently.
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
	for _, r := range rows {
		if r.RefusalCode != nil && t.Refusal == nil {
			t.Refusal = fault.Errorf(fault.Business, fault.Code(*r.RefusalCode), "%s", *r.RefusalMessage)
		}
		if r.State != string(shipping.Intent) {
			t.Known = append(t.Known, r.shipment().Shipment)
		}
	}
	return nil
}

// RecordBooked implements [shipping.Store]. The shipment's own state is the fence:
// the end of an undo or of a refusal leaves no intent, and waits for this statement or
// makes it find none.
func (s *Store) RecordBooked(ctx context.Context, k key.Key, booked shipping.Shipment) (bool, error) {
	var recorded bool
	err := database.Retry(ctx, s.db, func(db *gorm.DB) error {
		res := book(db, k, booked)
		if recorded = res.RowsAffected == 1; res.Error != nil || recorded {
			return res.Error
		}
		var same int64 // recorded by another attempt, which asked by the same key
		err := of(db, k).Where("warehouse = ? AND state = ?", booked.Warehouse, string(shipping.Booked)).Count(&same).Error
		recorded = same == 1
		return err
	})
	return recorded && err == nil, err
}

// book makes an intent booked, unless its parcel was refused.
func book(db *gorm.DB, k key.Key, sh shipping.Shipment) *gorm.DB {
	return of(db, k).Where("warehouse = ? AND state = ? AND refusal_code IS NULL", sh.Warehouse, string(shipping.Intent)).
		Updates(map[string]any{
			"state": string(shipping.Booked), "booked_at": database.Now(),
			"carrier": sh.Carrier, "tracking_number": sh.TrackingNumber,
		})
}

// claim opens the step, or returns its record. Without an address only the latter.
func (s *Store) claim(ctx context.Context, k key.Key, req shipping.BookRequest) (ledger.Ticket[shipping.Booking], error) {
	if req.ShipTo == (shipping.Address{}) {
		return barrier.Recall[shipping.Booking](ctx, s.db, k, step.Book.Again(ctx)...)
	}
	parcels := sorted(req.Parcels)
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req.ShipTo, parcels), Request: recorded{parcels}}
	return barrier.Intend[shipping.Booking](ctx, s.db, call, func(tx *gorm.DB) error {
		return database.Queue(tx, int64(len(parcels))).Create(newRows(k, parcels)).Error
	}, step.Book.Tell(ctx))
}

// Conclude implements [shipping.Store].
func (s *Store) Conclude(ctx context.Context, k key.Key, booking shipping.Booking, rest []shipping.Shipment) error {
	err := barrier.Conclude(ctx, s.db, k, booking, func(tx *gorm.DB) error {
		for _, sh := range rest {
			if err := wrote(1, book(database.Queue(tx, 1), k, sh)); err != nil {
				return err
			}
		}
		all := int64(len(booking.Shipments))
		if all == int64(len(rest)) {
			return nil
		}
		// The others are booked still: an undo may have cancelled one.
		return wrote(all, of(database.Queue(tx, all), k).Where("state = ?", string(shipping.Booked)).
			Update("state", string(shipping.Booked)))
	}, step.Book.Tell(ctx))
	if errors.Is(err, txn.ErrRows) {
		// The barrier row was still an intent. Another attempt has recorded the shipment, or
		// is taking the parcels back; the next one finds out.
		return fault.Errorf(fault.Transient, fault.Conflict, "another attempt has changed the parcels")
	}
	return database.Fault(err)
}

// wrote returns [txn.ErrRows] unless a statement wrote n rows.
func wrote(n int64, res *gorm.DB) error {
	if res.Error == nil && res.RowsAffected != n {
		return txn.ErrRows
	}
	return res.Error
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
func (s *Store) EndRefusal(ctx context.Context, k key.Key, refusal *fault.Error, rest []shipping.Shipment) error {
	return database.Fault(barrier.Refuse(ctx, s.db, k, refusal, func(tx *gorm.DB) error {
		return cancel(tx, k, rest)
	}, step.Book.Tell(ctx)))
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
