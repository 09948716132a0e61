package payment

import (
	"context"

	"github.com/amends/amends/fault"
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

// SettleCapture implements [Service]. Without an intent it asks the provider, too, see learn.
// It need not forbid the key there: no call was made without one, and the void that follows a
// settled capture leaves nothing to capture.
func (o *Outside) SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error) {
	if err := o.learn(ctx, k); err != nil {
		return Capture{}, false, err
	}
	return settling[Capture]{o, o.store.BeginSettle, o.store.BlockCapture, o.store.RefuseCapture, o.store.ConcludeCapture}.settle(ctx, k)
}

// settling is how the store records the settle of a transfer with outcome Out.
type settling[Out any] struct {
	*Outside

	begin    func(ctx context.Context, k key.Key) (ledger.State, Out, error)
	block    func(ctx context.Context, k key.Key) error
	refuse   func(ctx context.Context, k key.Key, refusal *fault.Error) error
	conclude func(ctx context.Context, k key.Key, in Intended, reference string) (Out, error)
}

// settle blocks k for ever, or learns that its transfer happened.
func (s settling[Out]) settle(ctx context.Context, k key.Key) (Out, bool, error) {
	var none Out
	state, out, err := s.begin(ctx, k)
	if err != nil || state != ledger.Intent {
		return out, state == ledger.Done, err
	}
	effect, found, err := s.forbid(ctx, k)
	switch {
	case err != nil:
		return none, false, err
	case !found:
		return none, false, s.block(ctx, k)
	case effect.State == provider.Declined:
		return none, false, again(s.refuse(ctx, k, refusal(effect)), func() error { _, _, err := s.settle(ctx, k); return err })
	}
	out, err = s.conclude(ctx, k, Intended{}, effect.Reference)
	return out, err == nil, err
}
