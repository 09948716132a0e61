package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/allocation"
	"github.com/amends/amends/services/inventory/store/patience"
	"github.com/amends/amends/services/inventory/store/reservations"
	"github.com/amends/amends/services/inventory/store/step"
)

// Reserve implements [inventory.Service].
func (s *Store) Reserve(ctx context.Context, k key.Key, req inventory.ReserveRequest) (inventory.Reservation, error) {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req), Request: req, Contended: true}
	turn := s.patience.Turn()
	r, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (inventory.Reservation, error) {
		// Inside the do, so that INVALID is recorded like any other refusal: one key, one answer.
		if err := req.Validate(); err != nil {
			return inventory.Reservation{}, err
		}
		stock, err := lockStock(tx, turn, skus(req.Lines))
		if err != nil {
			return inventory.Reservation{}, err
		}
		r, err := allocation.Allocate(req.Lines, stockOf(stock))
		if err != nil {
			return inventory.Reservation{}, err
		}
		if err := hold.apply(tx, turn, r); err != nil {
			return inventory.Reservation{}, err
		}
		if err := tellStock(tx, k.Saga, hold.moved(stock, r)...); err != nil {
			return inventory.Reservation{}, err
		}
		return r, reservations.Insert(tx, k, r)
	}, step.Reserve.Tell(ctx))
	turn.End(err)
	return r, database.Fault(err)
}

// Release implements [inventory.Service].
func (s *Store) Release(ctx context.Context, k key.Key) error {
	turn := s.patience.Turn()
	err := barrier.Undo(ctx, s.db, k, func(tx *gorm.DB, _ inventory.Reservation) error {
		found, err := reservations.Lock(tx, k.Saga, "r.step = ? AND r.generation = ?", k.Step, k.Generation)
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fault.Errorf(fault.Bug, fault.Conflict, "reservation %s was recorded, but is not there", k)
		}
		if err := found[0].Release(database.Now()); err != nil {
			return err
		}
		if err := tellReleased(tx, turn, k.Saga, found[0].Reservation); err != nil {
			return err
		}
		return end(tx, turn, release, found)
	}, step.Reserve.Undo(ctx))
	turn.End(err)
	return database.Fault(err)
}

// Commit implements [inventory.Service].
func (s *Store) Commit(ctx context.Context, k key.Key) (inventory.Commitment, error) {
	// The key is the whole request, so two requests of one key cannot differ.
	call := barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1)}
	turn := s.patience.Turn()
	c, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (inventory.Commitment, error) {
		held, err := reservations.Lock(tx, k.Saga, "r.state = ?", inventory.Held)
		if err != nil {
			return inventory.Commitment{}, err
		}
		if len(held) == 0 {
			return inventory.Commitment{}, fault.Errorf(fault.Bug, inventory.NothingHeld, "%s: the saga holds no stock", k)
		}
		var c inventory.Commitment
		for i := range held {
			if err := held[i].Commit(database.Now()); err != nil {
				return inventory.Commitment{}, err
			}
			c.Units += held[i].Reservation.Units()
		}
		return c, end(tx, turn, sell, held)
	}, step.Commit.Tell(ctx))
	turn.End(err)
	return c, database.Fault(err)
}

// end writes reservations that have just ceased to be held, and moves their units.
func end(tx *gorm.DB, t *patience.Turn, m movement, ended []inventory.Record) error {
	all := make([]inventory.Reservation, len(ended))
	for i, r := range ended {
		all[i] = r.Reservation
	}
	if err := m.apply(tx, t, all...); err != nil {
		return err
	}
	for _, r := range ended {
		if err := reservations.Update(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint identifies a reservation by each line's SKU and quantity, regardless of
// the order of the lines.
func fingerprint(req inventory.ReserveRequest) string {
	lines := slices.SortedFunc(slices.Values(req.Lines), func(a, b inventory.Line) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Quantity, b.Quantity))
	})
	parts := make([]string, 0, 2*len(lines))
	for _, l := range lines {
		parts = append(parts, l.SKU, strconv.FormatInt(l.Quantity, 10))
	}
	return barrier.Fingerprint(1, parts...)
}

func skus(lines []inventory.Line) []string {
	s := make([]string, 0, len(lines))
	for _, l := range lines {
		s = append(s, l.SKU)
	}
	return s
}
