package store

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/order/store/rows"
)

var _ course.Parts = (*Store)(nil)

// Wanted implements [course.Parts].
func (s *Store) Wanted(ctx context.Context, id string) (course.Wanted, error) {
	rec, err := s.open(ctx, id)
	return course.Wanted{Currency: rec.Placement.Currency, Lines: rec.Placement.Lines}, err
}

// Payable implements [course.Parts].
func (s *Store) Payable(ctx context.Context, id string) (course.Payable, error) {
	rec, err := s.open(ctx, id)
	if err != nil || rec.Course == nil {
		return course.Payable{}, err
	}
	var p course.Payable
	if rec.Course.Quote != nil {
		p.Total = &rec.Course.Quote.Total
	}
	p.Token, err = rows.Token(s.db.WithContext(ctx), id)
	return p, database.Fault(err)
}

// Destination implements [course.Parts].
func (s *Store) Destination(ctx context.Context, id string) (order.Address, error) {
	rec, err := s.open(ctx, id)
	return rec.Placement.ShipTo, err
}

// open returns an order whose steps are still wanted.
func (s *Store) open(ctx context.Context, id string) (order.Record, error) {
	rec, err := find(s.db.WithContext(ctx), id)
	if err == nil && !course.Open(rec) {
		err = fault.Errorf(fault.Business, course.Decided, "the order is decided")
	}
	if err != nil {
		return order.Record{}, database.Fault(err)
	}
	return rec, nil
}
