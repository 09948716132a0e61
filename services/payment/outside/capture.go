package outside

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
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
	var in payment.Intended
	return once.Effect[provider.Effect, payment.Capture]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[payment.Capture], error) {
			t, err := o.store.IntendCapture(ctx, k, req)
			in = t.Intended
			return t.Ticket, err
		},
		Find: o.find,
		Act: func(ctx context.Context, k key.Key) (provider.Effect, error) {
			return o.act(ctx, func(ctx context.Context) (provider.Effect, error) {
				return o.provider.Capture(ctx, provider.Capture{Key: k.String(), Authorization: in.Transfer.Target, Amount: req.Amount})
			})
		},
		Refusal: payment.ProviderRefusal,
		Refuse:  o.store.RefuseCapture,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (payment.Capture, error) {
			return o.store.ConcludeCapture(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
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

// settling returns a transfer with outcome Out as its settle sees it.
func settling[Out any](
	o *Outside,
	begin func(ctx context.Context, k key.Key) (ledger.State, Out, error),
	block func(ctx context.Context, k key.Key) error,
	refuse func(ctx context.Context, k key.Key, refusal *fault.Error) error,
	conclude func(ctx context.Context, k key.Key, in payment.Intended, reference string) (Out, error),
) once.Effect[provider.Effect, Out] {
	return once.Effect[provider.Effect, Out]{
		Begin: begin, Forbid: o.forbid, Refusal: payment.ProviderRefusal, Refuse: refuse,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (Out, error) {
			return conclude(ctx, k, payment.Intended{}, e.Reference)
		},
		End: func(ctx context.Context, k key.Key, _ ledger.State) error { return block(ctx, k) },
	}
}
