package outside

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
)

// Capture implements [payment.Service].
func (o *Outside) Capture(ctx context.Context, k key.Key, req payment.CaptureRequest) (payment.Capture, error) {
	if err := checkAmount(req.Amount, 0); err != nil {
		return payment.Capture{}, err
	}
	if req.Amount.IsZero() {
		return o.store.CaptureNothing(ctx, k, req)
	}
	return moving(o,
		func(ctx context.Context, k key.Key) (payment.Ticket[payment.Capture], error) {
			return o.store.IntendCapture(ctx, k, req)
		},
		func(ctx context.Context, k key.Key, authorization string) (provider.Effect, error) {
			return o.provider.Capture(ctx, provider.Capture{Key: k.String(), Authorization: authorization, Amount: req.Amount})
		},
		o.store.RefuseCapture, o.store.ConcludeCapture,
	).Do(ctx, k)
}

// SettleCapture implements [payment.Service]. Without an intent it asks the provider, too, see learn.
// It need not forbid the key there: no call was made without one, and the void that follows a
// settled capture leaves nothing to capture.
func (o *Outside) SettleCapture(ctx context.Context, k key.Key) (payment.Capture, bool, error) {
	if err := o.learn(ctx, k); err != nil {
		return payment.Capture{}, false, err
	}
	return settling(o, o.store.BeginSettle, o.store.BlockCapture, o.store.RefuseCapture, o.store.ConcludeCapture).Settle(ctx, k)
}
