package payment

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
	"github.com/amends/amends/services/payment/provider"
)

// Authorize implements [Service].
func (o *Outside) Authorize(ctx context.Context, k key.Key, req AuthorizeRequest) (Authorization, error) {
	if err := checkAmount(req.Amount, 1); err != nil {
		return Authorization{}, err
	}
	var in Intended
	return once.Effect[provider.Effect, Authorization]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[Authorization], error) {
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
		Refusal: declined,
		Refuse:  o.store.RefuseAuthorize,
		Conclude: func(ctx context.Context, k key.Key, e provider.Effect) (Authorization, error) {
			if e.State == provider.Voided { // by an undo that is about to record it
				return Authorization{}, fault.Errorf(fault.Suspension, fault.Suspended, "the authorization was taken back")
			}
			// Whether it has expired since is for Capture to find out.
			return o.store.ConcludeAuthorize(ctx, k, in, e.Reference)
		},
	}.Do(ctx, k)
}

// Void implements [Service].
func (o *Outside) Void(ctx context.Context, k key.Key) error {
	state, err := o.store.BeginVoid(ctx, k)
	if err != nil {
		return err
	}
	switch state {
	case ledger.Undone, ledger.Refused:
		return nil
	case ledger.Done:
		if err := o.void(ctx, k); err != nil {
			return err
		}
		return o.store.EndVoid(ctx, k)
	default: // Intent, Blocked
		return o.voidUncertain(ctx, k, state)
	}
}

// voidUncertain takes back an authorization that only the provider knows about. A
// blocked key should have no effect, because no call is made without an intent.
// It is forbidden all the same, and an effect found there is voided: should our
// database ever lose a committed intent, no customer's money stays held for it.
func (o *Outside) voidUncertain(ctx context.Context, k key.Key, state ledger.State) error {
	effect, found, err := o.forbid(ctx, k)
	switch {
	case err != nil:
		return err
	case !found && state == ledger.Intent:
		return o.store.BlockAuthorize(ctx, k)
	case !found:
		return nil
	case effect.State == provider.Declined && state == ledger.Intent:
		return again(o.store.RefuseAuthorize(ctx, k, refusal(effect)), func() error { return o.Void(ctx, k) })
	}
	if err := o.void(ctx, k); err != nil || state == ledger.Blocked {
		return err
	}
	return o.store.EndVoid(ctx, k)
}

func (o *Outside) void(ctx context.Context, k key.Key) error {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	return ProviderFault(o.provider.Void(ctx, k.String()))
}

// again repeats an undo that has recorded a refusal, or met another undo: it tells its end.
func again(err error, undo func() error) error {
	if err != nil && fault.KindOf(err) != fault.Suspension {
		return err
	}
	return undo()
}
