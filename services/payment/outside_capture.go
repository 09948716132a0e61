package payment

import (
	"context"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/provider"
)

// Capture implements [Service].
func (o *Outside) Capture(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error) {
	if err := checkAmount(req.Amount); err != nil {
		return Capture{}, err
	}
	ticket, err := o.store.IntendCapture(ctx, k, req)
	if err != nil || ticket.Done {
		return ticket.Outcome, err
	}
	effect, err := o.ensure(ctx, k.String(), ticket.Repeat, func(ctx context.Context) (provider.Effect, error) {
		return o.provider.Capture(ctx, provider.Capture{Key: k.String(), Authorization: ticket.Target, Amount: req.Amount})
	})
	if err != nil {
		return Capture{}, err
	}
	if effect.State == provider.Declined {
		why := refusal(effect)
		if err := o.store.RefuseCapture(ctx, k, why); err != nil {
			return Capture{}, err
		}
		return Capture{}, why
	}
	return o.store.ConcludeCapture(ctx, k, effect.Reference)
}

// SettleCapture implements [Service]. Unlike Void it leaves the provider alone
// when there is no intent: without one no call was made, and the void that
// follows a settled capture leaves nothing that could be captured.
func (o *Outside) SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error) {
	progress, capture, err := o.store.BeginSettle(ctx, k)
	if err != nil || progress != Open {
		return capture, progress == Done, err
	}
	effect, found, err := o.forbid(ctx, k.String())
	switch {
	case err != nil:
		return Capture{}, false, err
	case !found:
		return Capture{}, false, o.store.BlockCapture(ctx, k)
	case effect.State == provider.Declined:
		return Capture{}, false, unlessSuspended(o.store.RefuseCapture(ctx, k, refusal(effect)))
	}
	capture, err = o.store.ConcludeCapture(ctx, k, effect.Reference)
	return capture, err == nil, err
}
