package outside

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
)

// Refund implements [payment.Service].
func (o *Outside) Refund(ctx context.Context, k key.Key, req payment.RefundRequest) (payment.Refund, error) {
	if err := checkAmount(req.Amount, 1); err != nil {
		return payment.Refund{}, err
	}
	return moving(o,
		func(ctx context.Context, k key.Key) (payment.Ticket[payment.Refund], error) {
			return o.store.IntendRefund(ctx, k, req)
		},
		func(ctx context.Context, k key.Key, capture string) (provider.Effect, error) {
			return o.provider.Refund(ctx, provider.Refund{Key: k.String(), Capture: capture, Amount: req.Amount})
		},
		o.store.RefuseRefund, o.store.ConcludeRefund,
	).Do(ctx, k)
}

// SettleRefund implements [payment.Service].
func (o *Outside) SettleRefund(ctx context.Context, k key.Key) (payment.Refund, bool, error) {
	return settling(o, o.store.BeginSettleRefund, o.store.BlockRefund, o.store.RefuseRefund, o.store.ConcludeRefund).Settle(ctx, k)
}
