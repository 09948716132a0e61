package payment

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/provider"
)

// Refund implements [Service].
func (o *Outside) Refund(ctx context.Context, k key.Key, req RefundRequest) (Refund, error) {
	if err := checkAmount(req.Amount); err != nil {
		return Refund{}, err
	}
	ticket, err := o.store.IntendRefund(ctx, k, req)
	if err != nil || ticket.Done {
		return ticket.Outcome, err
	}
	effect, err := o.ensure(ctx, k.String(), ticket.Repeat, func(ctx context.Context) (provider.Effect, error) {
		return o.provider.Refund(ctx, provider.Refund{Key: k.String(), Capture: ticket.Target, Amount: req.Amount})
	})
	if err != nil {
		return Refund{}, err
	}
	if effect.State == provider.Declined {
		why := refusal(effect)
		if err := o.store.RefuseRefund(ctx, k, why); err != nil {
			return Refund{}, err
		}
		return Refund{}, why
	}
	return o.store.ConcludeRefund(ctx, k, effect.Reference)
}
