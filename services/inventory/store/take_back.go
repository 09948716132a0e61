package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/patience"
	"github.com/amends/amends/services/inventory/store/reservations"
	"github.com/amends/amends/services/inventory/store/step"
	"github.com/amends/amends/services/inventory/store/tally"
)

// TakeBack implements [inventory.Service].
func (s *Store) TakeBack(ctx context.Context, k key.Key) (inventory.Return, error) {
	// The key is the whole request, so two requests of one key cannot differ.
	call := barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1), Contended: true}
	turn := s.patience.Turn()
	r, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (inventory.Return, error) {
		// Locked, so that the second of two take-backs sees the journal of the first.
		sold, err := reservations.Lock(tx, k.Saga, "r.state = ?", inventory.Committed)
		if err != nil {
			return inventory.Return{}, err
		}
		if len(sold) == 0 {
			return inventory.Return{}, fault.Errorf(fault.Bug, inventory.NothingSold, "%s: the saga has bought no stock", k)
		}
		if back, err := tally.HasReturned(tx, k.Saga); err != nil || back {
			return inventory.Return{}, err
		}
		return takeBack(tx, turn, k.Saga, sold)
	}, step.TakeBack.Tell(ctx))
	turn.End(err)
	return r, database.Fault(err)
}

// takeBack receives the units of a saga's reservations again.
func takeBack(tx *gorm.DB, t *patience.Turn, saga string, sold []inventory.Record) (back inventory.Return, err error) {
	var all []inventory.Reservation
	for _, r := range sold {
		all = append(all, r.Reservation)
	}
	units, skus := units(all...), []string{}
	for at := range units {
		skus = append(skus, at.sku)
	}
	stock, err := lockStock(tx, t, skus)
	if err != nil {
		return back, err
	}
	var moved []stockRow
	for _, row := range stock {
		n := units[place{row.SKU, row.Warehouse}]
		if n == 0 { // at another warehouse
			continue
		}
		if err := tally.Add(tx, row.SKU, row.Warehouse, n); err != nil {
			return back, err
		}
		err = enter(tx, entryRow{
			SKU: row.SKU, Warehouse: row.Warehouse, Kind: string(inventory.Returned), Units: n,
			BookedBy: "amends", Reason: "a refund took the goods back", Reference: saga,
		})
		if err != nil {
			return back, err
		}
		row.Available, row.Version, back.Units = row.Available+n, row.Version+1, back.Units+n
		moved = append(moved, row)
	}
	return back, tellStock(tx, saga, moved...)
}
