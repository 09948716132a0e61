package payment

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
	"github.com/amends/amends/services/payment/provider"
)

// Capture implements [Service].
func (o *Outside) Capture(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error) {
	if err := checkAmount(req.Amount, 0); err != nil {
		return Capture{}, err
	}
	if req.Amount.IsZero() {
		return o.store.CaptureNothing(ctx, k, req)
	}
	var in Intended
	return once.Effect[provider.Effect, Capture]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[Capture], error) {
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
		Refusal: declined,
		Refuse:  o.store.RefuseCapture,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (Capture, error) {
			return o.store.ConcludeCapture(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
}

// SettleCapture implements [Service]. Unlike Void it does not ask the provider when
// there is no intent: no call was made without one, and the void that follows a
// settled capture leaves nothing to capture.
func (o *Outside) SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error) {
	state, capture, err := o.store.BeginSettle(ctx, k)
	if err != nil || state != ledger.Intent {
		return capture, state == ledger.Done, err
	}
	effect, found, err := o.forbid(ctx, k)
	switch {
	case err != nil:
		return Capture{}, false, err
	case !found:
		return Capture{}, false, o.store.BlockCapture(ctx, k)
	case effect.State == provider.Declined:
		return Capture{}, false, unlessSuspended(o.store.RefuseCapture(ctx, k, refusal(effect)))
	}
	capture, err = o.store.ConcludeCapture(ctx, k, Intended{}, effect.Reference)
	return capture, err == nil, err
}

// Refund implements [Service].
func (o *Outside) Refund(ctx context.Context, k key.Key, req RefundRequest) (Refund, error) {
	if err := checkAmount(req.Amount, 1); err != nil {
		return Refund{}, err
	}
	var in Intended
	return once.Effect[provider.Effect, Refund]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[Refund], error) {
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
		Refusal: declined,
		Refuse:  o.store.RefuseRefund,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (Refund, error) {
			return o.store.ConcludeRefund(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
}
