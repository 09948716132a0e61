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

// Authorize implements [payment.Service].
func (o *Outside) Authorize(ctx context.Context, k key.Key, req payment.AuthorizeRequest) (payment.Authorization, error) {
	if err := checkAmount(req.Amount, 1); err != nil {
		return payment.Authorization{}, err
	}
	var in payment.Intended
	return once.Effect[provider.Effect, payment.Authorization]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[payment.Authorization], error) {
			t, err := o.store.IntendAuthorize(ctx, k, req.Hold())
			in = t.Intended
			return t.Ticket, err
		},
		Find: o.find,
		Act: func(ctx context.Context, k key.Key) (provider.Effect, error) {
			if req.Token == "" { // a repeat has none
				return provider.Effect{}, fault.Errorf(fault.Bug, fault.Conflict, "an authorization that was not made, and no token to make it with")
			}
			return o.act(ctx, func(ctx context.Context) (provider.Effect, error) {
				return o.provider.Authorize(ctx, provider.Authorization{Key: k.String(), Amount: req.Amount, Token: req.Token})
			})
		},
		Refusal: payment.ProviderRefusal,
		Refuse:  o.store.RefuseAuthorize,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (payment.Authorization, error) {
			if e.State == provider.Voided { // by an undo that is about to record it
				return payment.Authorization{}, fault.Errorf(fault.Suspension, fault.Suspended, "the authorization was taken back")
			}
			// Whether it has expired since is for Capture to find out.
			return o.store.ConcludeAuthorize(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
}

// Void implements [payment.Service].
func (o *Outside) Void(ctx context.Context, k key.Key) error {
	return once.Effect[provider.Effect, payment.Authorization]{
		Begin: func(ctx context.Context, k key.Key) (state ledger.State, none payment.Authorization, err error) {
			state, err = o.store.BeginVoid(ctx, k)
			return state, none, err
		},
		Forbid:  o.forbid,
		Refusal: payment.ProviderRefusal,
		Refuse:  o.store.RefuseAuthorize,
		TakeBack: func(ctx context.Context, k key.Key) error {
			ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
			defer cancel()
			return payment.ProviderFault(o.provider.Void(ctx, k.String()))
		},
		End: func(ctx context.Context, k key.Key, to ledger.State) error {
			if to == ledger.Blocked {
				return o.store.BlockAuthorize(ctx, k)
			}
			return o.store.EndVoid(ctx, k)
		},
	}.Undo(ctx, k)
}
