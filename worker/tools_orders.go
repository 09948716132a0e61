package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

// FlaggedOrder is an order that a person must look at, or that one has looked at.
type FlaggedOrder struct {
	ID               string            `json:"id"`
	Status           string            `json:"status"`
	PlacedAt         time.Time         `json:"placed_at"`
	Attention        []Flag            `json:"attention"`
	Waivers          []Waiver          `json:"waivers"`
	Acknowledgements []Acknowledgement `json:"acknowledgements"`
}

// Flag says what makes no progress, and why.
type Flag struct {
	Step   string    `json:"step"`
	Code   string    `json:"code"`
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"` // in words
	Owed   string    `json:"owed"`
	Since  time.Time `json:"since"`
}

// Waiver is what an operator gave up on.
type Waiver = ledger.Waiver

// Acknowledgement is that an operator has looked at an order.
type Acknowledgement = ledger.Acknowledgement

// flaggedPages bounds what is read of a list: beyond that nobody reads on.
const flaggedPages = 10

// FlaggedOrders returns the orders that need attention, from the order service's
// own record, those that wait longest first: at most as many as limit, and how
// many there are. Of more than 10,000 the order is that of the first 10,000 by
// id. An empty status is any. o needs the order service only.
func FlaggedOrders(ctx context.Context, o Options, status string, limit int) ([]FlaggedOrder, int, error) {
	return listed(ctx, o, order.Filter{NeedsAttention: true}, status, limit, func(a, b FlaggedOrder) int {
		return a.since().Compare(b.since())
	})
}

// AcknowledgedOrders is FlaggedOrders for orders that somebody has looked at, the
// latest first. One that has another flag since is in both lists.
func AcknowledgedOrders(ctx context.Context, o Options, status string, limit int) ([]FlaggedOrder, int, error) {
	return listed(ctx, o, order.Filter{Acknowledged: true}, status, limit, func(a, b FlaggedOrder) int {
		return b.lookedAt().Compare(a.lookedAt())
	})
}

func listed(ctx context.Context, o Options, f order.Filter, status string, limit int, first func(a, b FlaggedOrder) int) (found []FlaggedOrder, all int, err error) {
	found = []FlaggedOrder{} // in JSON a list too
	f.Limit = pendingPage
	if status != "" {
		if f.Status, err = order.ParseStatus(status); err != nil {
			return nil, 0, err
		}
	}
	err = with(ctx, o, "order", func(s *stores) error {
		if err := s.ready(ctx); err != nil {
			return err
		}
		store := orderstore.New(s.own)
		n, err := store.Count(ctx, f)
		if err != nil {
			return err
		}
		all = int(n)
		for range flaggedPages {
			page, err := store.List(ctx, f)
			if err != nil {
				return err
			}
			for i := range page {
				found = append(found, flagged(page[i]))
			}
			if len(page) < pendingPage {
				break
			}
			f.After = page[len(page)-1].ID
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	slices.SortStableFunc(found, first)
	return found[:min(limit, len(found))], max(all, len(found)), nil
}

func flagged(r order.Record) FlaggedOrder {
	f := FlaggedOrder{
		ID: r.ID, Status: string(r.Status), PlacedAt: r.CreatedAt,
		Attention: []Flag{}, Waivers: append([]Waiver{}, r.Waivers...),
		Acknowledgements: append([]Acknowledgement{}, r.Acknowledgements...),
	}
	for _, a := range r.Attention {
		f.Attention = append(f.Attention, Flag{
			Step: a.Step, Code: string(a.Code), Kind: string(a.Kind), Owed: a.Owed, Since: a.Since,
			Reason: InWords(a.Step, a.Code, a.Kind),
		})
	}
	return f
}

// since is when the order's oldest flag was raised.
func (f FlaggedOrder) since() time.Time {
	oldest := time.Time{}
	for _, a := range f.Attention {
		if oldest.IsZero() || a.Since.Before(oldest) {
			oldest = a.Since
		}
	}
	return oldest
}

// lookedAt is when somebody last looked at the order; they are in that order.
func (f FlaggedOrder) lookedAt() time.Time {
	if n := len(f.Acknowledgements); n > 0 {
		return f.Acknowledgements[n-1].At
	}
	return time.Time{}
}

// StuckOrders returns the undecided orders that make no progress, the oldest
// first. It asks the order service's record which are undecided, and the engine
// what becomes of them. o needs the order service only.
func StuckOrders(ctx context.Context, o Options, c *engine.Client) (report StuckReport, err error) {
	if err := c.Check(ctx); err != nil {
		return StuckReport{}, fmt.Errorf("orders that make no progress: %w", err)
	}
	err = with(ctx, o, "order", func(s *stores) (err error) {
		if err := s.ready(ctx); err != nil {
			return err
		}
		report, err = newLook(o, orderstore.New(s.own), c).report(ctx)
		return err
	})
	return report, err
}
