package stuck

import (
	"context"

	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/internal/watch/unrecorded"
)

// unrecorded returns the orders that only the engine knows, the oldest first, and at
// least how many others there are.
func (s *search) unrecorded(ctx context.Context) (oldest []symptom.Order, others int, err error) {
	runs, more, err := unrecorded.Find(ctx, s.c.Engine, s.c.Orders, s.now.Add(-s.c.Options.Unrecorded))
	if err != nil {
		return nil, 0, err //nolint:wrapcheck // it says which question failed
	}
	others = max(0, len(runs)-s.c.Options.Limit)
	if more {
		others++
	}
	for _, r := range runs[:min(len(runs), s.c.Options.Limit)] {
		oldest = append(oldest, symptom.Order{ID: r.Order, PlacedAt: r.Started, Unrecorded: r.Workflow})
	}
	return oldest, others, nil
}

// stillUnrecorded reports whether an order has no record now either.
func (s *search) stillUnrecorded(ctx context.Context, id string) (bool, error) {
	missing, err := s.c.Orders.Missing(ctx, []string{id})
	return len(missing) > 0, err
}
