package watch

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// FlaggedOrder is an order that an operator must review, or has reviewed.
type FlaggedOrder struct {
	ID               string                   `json:"id"`
	Status           string                   `json:"status"`
	PlacedAt         time.Time                `json:"placed_at"`
	Attention        []Flag                   `json:"attention"`
	Waivers          []ledger.Waiver          `json:"waivers"`
	Acknowledgements []ledger.Acknowledgement `json:"acknowledgements"`
	// Holds are its holdings, by the services that were asked.
	Holds exposure.Exposure `json:"holds,omitzero"`
}

// Flag is a step that makes no progress, and why.
type Flag struct {
	Step   string    `json:"step"`
	Code   string    `json:"code"`
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"` // in words
	Owed   string    `json:"owed"`
	Since  time.Time `json:"since"`
	Saga   string    `json:"saga,omitempty"` // whose step it is: the id of a refund; absent: the order's own
}

// Lists read at most flaggedPages pages of flagged orders.
const (
	flaggedPage  = 1000
	flaggedPages = 10
)

// Flagged returns the orders that need attention, the longest waiting first: at
// most limit of them, and how many there are. Of more than 10,000 it sorts the
// first 10,000 by id. An empty status is any.
func (w *Watch) Flagged(ctx context.Context, status string, limit int) ([]FlaggedOrder, int, error) {
	return w.list(ctx, order.Filter{NeedsAttention: true}, status, limit, func(a, b FlaggedOrder) int {
		return a.since().Compare(b.since())
	})
}

// Acknowledged is Flagged for orders that an operator has acknowledged, the latest
// first. An order that was flagged again since is in both lists.
func (w *Watch) Acknowledged(ctx context.Context, status string, limit int) ([]FlaggedOrder, int, error) {
	return w.list(ctx, order.Filter{Acknowledged: true}, status, limit, func(a, b FlaggedOrder) int {
		return b.acknowledgedAt().Compare(a.acknowledgedAt())
	})
}

func (w *Watch) list(ctx context.Context, f order.Filter, status string, limit int, first func(a, b FlaggedOrder) int) (found []FlaggedOrder, all int, err error) {
	found = []FlaggedOrder{} // in JSON a list too
	f.Limit = flaggedPage
	if status != "" {
		if f.Status, err = order.ParseStatus(status); err != nil {
			return nil, 0, err
		}
	}
	n, err := w.c.Orders.Count(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	for range flaggedPages {
		page, err := w.c.Orders.List(ctx, f)
		if err != nil {
			return nil, 0, err
		}
		for i := range page {
			found = append(found, w.flagged(page[i]))
		}
		if len(page) < flaggedPage {
			break
		}
		f.After = page[len(page)-1].ID
	}
	slices.SortStableFunc(found, first)
	return found[:min(limit, len(found))], max(int(n), len(found)), nil
}

func (w *Watch) flagged(r order.Record) FlaggedOrder {
	f := FlaggedOrder{
		ID: r.ID, Status: string(r.Status), PlacedAt: r.CreatedAt,
		Attention: []Flag{}, Waivers: append([]ledger.Waiver{}, r.Waivers...),
		Acknowledgements: append([]ledger.Acknowledgement{}, r.Acknowledgements...),
	}
	for _, a := range r.Attention {
		f.Attention = append(f.Attention, Flag{
			Step: a.Step, Code: string(a.Code), Kind: string(a.Kind), Owed: a.Owed, Since: a.Since, Saga: a.Saga,
			Reason: w.c.Words.Explain(a.Step, a.Code, a.Kind),
		})
	}
	return f
}

// since returns when the order's oldest flag was raised.
func (f FlaggedOrder) since() time.Time {
	oldest := time.Time{}
	for _, a := range f.Attention {
		if oldest.IsZero() || a.Since.Before(oldest) {
			oldest = a.Since
		}
	}
	return oldest
}

// acknowledgedAt returns when an operator last acknowledged the order; the
// acknowledgements are sorted by time.
func (f FlaggedOrder) acknowledgedAt() time.Time {
	if n := len(f.Acknowledgements); n > 0 {
		return f.Acknowledgements[n-1].At
	}
	return time.Time{}
}
