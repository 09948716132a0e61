package refund

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/outlook"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/repay"
)

// TryRefund tells the effect of a refund, or refuses it as the request itself would, and returns it
// as it would begin. It changes nothing, and uses no key up; a key that was used for the same
// refund already asks for nothing more. Who decides how much is left of a capture is not asked:
// the records tell that. Codes: those of [Refunds.Refund].
func (r *Refunds) TryRefund(ctx context.Context, known Records, q Request) (Recorded, outlook.Outlook, error) {
	in := q.workflow()
	of, recorded, err := r.admit(ctx, known, q.OrderID, in)
	if err != nil {
		return Recorded{}, outlook.Outlook{}, err
	}
	left := of.Total.Minor
	for _, f := range recorded {
		if f.ID == in.ID {
			return f, outlook.Outlook{}, nil
		}
		if !failed(f) {
			left -= f.Amount.Minor
		}
	}
	if left < in.Amount.Minor {
		return Recorded{}, outlook.Outlook{}, exceeds()
	}
	out := outlook.Outlook{Leaves: new(money.New(left-in.Amount.Minor, in.Amount.Currency))}
	for _, step := range repay.Steps(in.TakeBack && !takenBack(recorded)) {
		out.Asks = append(out.Asks, outlook.OfRefund(step, in.Amount, of.Lines))
	}
	now := time.Now() //nolint:forbidigo // to be shown only
	return Recorded{Note: in.Note, Status: order.RefundPending, Amount: in.Amount, CreatedAt: now, UpdatedAt: now}, out, nil
}

// takenBack reports whether a refund has, or will have, the goods of the order: they come back once.
func takenBack(all []Recorded) bool {
	return slices.ContainsFunc(all, func(f Recorded) bool { return f.TakeBack && !failed(f) })
}

// failed reports whether a refund pays nothing back and never will: it is refused, or declined,
// which the order's record has later.
func failed(f Recorded) bool { return f.Status == order.RefundRefused || f.Code != "" }
