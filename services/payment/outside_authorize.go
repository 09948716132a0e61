package payment

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/provider"
)

// Authorize implements [Service].
func (o *Outside) Authorize(ctx context.Context, k key.Key, req AuthorizeRequest) (Authorization, error) {
	if err := checkAmount(req.Amount); err != nil {
		return Authorization{}, err
	}
	if req.Token == "" {
		return Authorization{}, fault.Errorf(fault.Bug, fault.Invalid, "a payment token is missing")
	}
	ticket, err := o.store.IntendAuthorize(ctx, k, req.Hold())
	if err != nil || ticket.Done {
		return ticket.Outcome, err
	}
	effect, err := o.ensure(ctx, k.String(), ticket.Repeat, func(ctx context.Context) (provider.Effect, error) {
		return o.provider.Authorize(ctx, provider.Authorization{Key: k.String(), Amount: req.Amount, Token: req.Token})
	})
	if err != nil {
		return Authorization{}, err
	}
	switch effect.State {
	case provider.Declined:
		why := refusal(effect)
		if err := o.store.RefuseAuthorize(ctx, k, why); err != nil {
			return Authorization{}, err
		}
		return Authorization{}, why
	case provider.Voided: // an undo has been here and is about to record it
		return Authorization{}, fault.Errorf(fault.Suspension, fault.Suspended, "the authorization was taken back")
	default: // held; that it may have expired since is for Capture to find out
		return o.store.ConcludeAuthorize(ctx, k, effect.Reference)
	}
}

// Void implements [Service].
func (o *Outside) Void(ctx context.Context, k key.Key) error {
	progress, err := o.store.BeginVoid(ctx, k)
	if err != nil {
		return err
	}
	switch progress {
	case Undone, Refused:
		return nil
	case Done:
		if err := o.void(ctx, k); err != nil {
			return err
		}
		return o.store.EndVoid(ctx, k)
	default: // Open, Blocked
		return o.voidUncertain(ctx, k, progress)
	}
}

// voidUncertain takes back an authorization of which only the provider knows
// whether it happened. For a blocked key nothing should be there, because no
// call is made without an intent; the key is forbidden all the same, and what is
// found is let go: should our database ever lose a committed intent, no
// customer's money stays held for it.
func (o *Outside) voidUncertain(ctx context.Context, k key.Key, progress Progress) error {
	effect, found, err := o.forbid(ctx, k.String())
	switch {
	case err != nil:
		return err
	case !found && progress == Open:
		return o.store.BlockAuthorize(ctx, k)
	case !found:
		return nil
	case effect.State == provider.Declined && progress == Open:
		return unlessSuspended(o.store.RefuseAuthorize(ctx, k, refusal(effect)))
	}
	if err := o.void(ctx, k); err != nil || progress == Blocked {
		return err
	}
	return o.store.EndVoid(ctx, k)
}

func (o *Outside) void(ctx context.Context, k key.Key) error {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	return providerFault(o.provider.Void(ctx, k.String()))
}

// unlessSuspended drops the fault that says that the undo is already recorded:
// to an undo that is success.
func unlessSuspended(err error) error {
	if fault.KindOf(err) == fault.Suspension {
		return nil
	}
	return err
}
