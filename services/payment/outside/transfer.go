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

// moving returns a transfer with outcome Out, a capture or a refund, as its step makes it.
// call gets the provider's key of the effect to capture or refund.
func moving[Out any](
	o *Outside,
	intend func(ctx context.Context, k key.Key) (payment.Ticket[Out], error),
	call func(ctx context.Context, k key.Key, target string) (provider.Effect, error),
	refuse func(ctx context.Context, k key.Key, refusal *fault.Error) error,
	conclude func(ctx context.Context, k key.Key, in payment.Intended, reference string) (Out, error),
) once.Effect[provider.Effect, Out] {
	var in payment.Intended
	return once.Effect[provider.Effect, Out]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[Out], error) {
			t, err := intend(ctx, k)
			in = t.Intended
			return t.Ticket, err
		},
		Find: o.find,
		Act: func(ctx context.Context, k key.Key) (provider.Effect, error) {
			return o.act(ctx, func(ctx context.Context) (provider.Effect, error) { return call(ctx, k, in.Transfer.Target) })
		},
		Refusal: payment.ProviderRefusal, Refuse: refuse,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (Out, error) {
			return conclude(ctx, k, in, e.Reference)
		},
	}
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
