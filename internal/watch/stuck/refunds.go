package stuck

import (
	"context"
	"slices"

	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/services/order"
)

// refunds returns the oldest refunds that have not ended, and at least how many others
// there are.
func (s *search) refunds(ctx context.Context) (oldest []symptom.Order, others int, err error) {
	pending, err := s.c.Orders.PendingRefunds(ctx, min(s.c.Options.Limit+1, pendingPage))
	if err != nil {
		return nil, 0, err
	}
	others = max(0, len(pending)-s.c.Options.Limit)
	for _, f := range pending[:min(len(pending), s.c.Options.Limit)] {
		if s.now.Sub(f.At) >= s.c.Options.Young {
			oldest = append(oldest, symptom.Order{ID: f.OrderID, Refund: f.ID, PlacedAt: f.At})
		}
	}
	return oldest, others, nil
}

// stillOpen reports whether a refund has not ended now either.
func (s *search) stillOpen(ctx context.Context, id, refund string) (bool, error) {
	pending, err := s.c.Orders.PendingRefundsOf(ctx, id)
	return slices.ContainsFunc(pending, func(f order.Refund) bool { return f.ID == refund }), err
}
