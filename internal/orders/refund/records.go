package refund

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/services/order"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows/repay"
)

// Records has the refunds that services have recorded. An order has one from its beginning,
// the payment service from when money is set aside for it.
type Records interface {
	// OrderRefunds returns the refunds of an order by the order service.
	OrderRefunds(ctx context.Context, id string) ([]order.Refund, error)
	// Refunds returns them by the payment service.
	Refunds(ctx context.Context, id string) ([]paid.Record, error)
}

// Recorded is a refund as the records of both services have it.
type Recorded struct {
	// Note has its words only if the payment service has the refund.
	paid.Note

	Status    order.RefundStatus // PENDING until all is done
	Amount    money.Amount
	Code      fault.Code // why it was refused, if the payment service has it
	CreatedAt time.Time  // UTC
	UpdatedAt time.Time  // UTC

	worded bool // it has its words
}

// List returns the refunds of an order, the oldest first, also those that have not begun to
// pay and those that were refused.
func List(ctx context.Context, known Records, id string) ([]Recorded, error) {
	// In this order: a refund that the payment service has is in the order's record before.
	paying, err := known.Refunds(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the refunds of the payment: %w", err)
	}
	opened, err := known.OrderRefunds(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the refunds of the order: %w", err)
	}
	all := make([]Recorded, 0, len(opened))
	at := map[string]int{}
	for _, r := range opened {
		at[r.ID] = len(all)
		all = append(all, ofOrder(r))
	}
	for _, p := range paying {
		i, known := at[p.ID]
		if !known { // the order's record has lost it
			i, all = len(all), append(all, Recorded{Status: statuses[p.State], Amount: p.Amount, CreatedAt: p.CreatedAt})
		}
		all[i].add(p)
	}
	slices.SortStableFunc(all, func(a, b Recorded) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

func ofOrder(r order.Refund) Recorded {
	return Recorded{
		Note: paid.Note{ID: r.ID, TakeBack: r.TakeBack}, Status: r.Status, Amount: r.Amount,
		CreatedAt: r.At, UpdatedAt: slices.MaxFunc([]time.Time{r.At, r.NotedAt, r.ClosedAt}, time.Time.Compare),
	}
}

// statuses has the answers about a refund that only the payment service has.
var statuses = map[paid.State]order.RefundStatus{
	paid.Pending: order.RefundPending, paid.Done: order.RefundDone, paid.Declined: order.RefundRefused, paid.Blocked: order.RefundRefused,
}

// add adds the record of the payment service.
func (r *Recorded) add(p paid.Record) {
	r.Note, r.Code, r.worded = p.Note, p.DeclineCode, true
	if p.UpdatedAt.After(r.UpdatedAt) {
		r.UpdatedAt = p.UpdatedAt
	}
}

// check refuses a request whose key was used for another refund, as far as the records know
// that: the engine forgets a refund sooner than they do.
func check(all []Recorded, in repay.Input) error {
	for _, r := range all {
		if r.ID != in.ID {
			continue
		}
		if !r.worded {
			r.Reason, r.Reference = in.Reason, in.Reference
		}
		if !same(in, r.Note, r.Amount) {
			return call.Refuse(place.KeyReused)
		}
	}
	return nil
}
