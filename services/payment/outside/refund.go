package outside

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
)

// Refund implements [payment.Service].
func (o *Outside) Refund(ctx context.Context, k key.Key, req payment.RefundRequest) (payment.Refund, error) {
	if err := checkAmount(req.Amount, 1); err != nil {
		return payment.Refund{}, err
	}
	var in payment.Intended
	return once.Effect[provider.Effect, payment.Refund]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[payment.Refund], error) {
			t, err := o.store.IntendRefund(ctx, k, req)
			in = t.Intended
			return t.Ticket, err
		},
		Find: o.find,
		Act: func(ctx context.Context, k key.Key) (provider.Effect, error) {
			return o.act(ctx, func(ctx context.Context) (provider.Effect, error) {
				return o.provider.Refund(ctx, provider.Refund{Key: k.String(), Capture: in.Transfer.Target, Amount: req.Amount})
			})
		},
		Refusal: payment.ProviderRefusal,
		Refuse:  o.store.RefuseRefund,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (payment.Refund, error) {
			return o.store.ConcludeRefund(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
}

// SettleRefund implements [payment.Service].
func (o *Outside) SettleRefund(ctx context.Context, k key.Key) (payment.Refund, bool, error) {
	return settling(o, o.store.BeginSettleRefund, o.store.BlockRefund, o.store.RefuseRefund, o.store.ConcludeRefund).Settle(ctx, k)
}
