package store

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
)

// Decide implements [order.Service].
func (s *Store) Decide(ctx context.Context, k key.Key, d order.Decision) (order.Record, error) {
	return s.change(ctx, k.Saga, func(r *order.Record) (bool, error) { return r.Decide(d, timeOf(d.At)) })
}
