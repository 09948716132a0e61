package payment

import (
	"cmp"
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/provider"
)

// Options are the choices of an [Outside].
type Options struct {
	// CallTimeout bounds each call to the provider. A step makes at most two (ask,
	// then act), and both have to fit into its start-to-close of 10 s with room for
	// the database, so that a hanging provider ends as PROVIDER_TIMEOUT and not as
	// an activity that was cut off. 0 means the default, 4 s.
	CallTimeout time.Duration
}

// DefaultCallTimeout is [Options.CallTimeout] if it is 0.
const DefaultCallTimeout = 4 * time.Second

// Outside is the payment [Service]: intent → call → outcome. It keeps nothing in
// memory; any number of them may work on one database.
type Outside struct {
	store       Store
	provider    provider.Provider
	callTimeout time.Duration
}

var _ Service = (*Outside)(nil)

// New returns a service that keeps its books in store and has p move the money,
// with the default [Options].
func New(store Store, p provider.Provider) *Outside { return NewWithOptions(store, p, Options{}) }

// NewWithOptions is [New] with other options.
func NewWithOptions(store Store, p provider.Provider, o Options) *Outside {
	return &Outside{store: store, provider: p, callTimeout: cmp.Or(o.CallTimeout, DefaultCallTimeout)}
}

// ensure has the provider make the effect of key, once: if an earlier attempt
// may have called, it asks first, so that it never acts on a guess.
func (o *Outside) ensure(
	ctx context.Context, key string, repeat bool, act func(context.Context) (provider.Effect, error),
) (provider.Effect, error) {
	if repeat {
		effect, found, err := o.find(ctx, key)
		if err != nil || found {
			return effect, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, err := act(ctx)
	return effect, providerFault(err)
}

func (o *Outside) find(ctx context.Context, key string) (provider.Effect, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, found, err := o.provider.Find(ctx, key)
	return effect, found, providerFault(err)
}

// forbid finds the effect of key, or makes sure that it will never have one. No
// Find comes before it: Forbid answers what Find would, and between the two a
// late call could slip through, so its answer would have to be looked at anyway.
func (o *Outside) forbid(ctx context.Context, key string) (provider.Effect, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, found, err := o.provider.Forbid(ctx, key)
	return effect, found, providerFault(err)
}

func checkAmount(a money.Amount) error {
	if a.Minor <= 0 {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s is no amount to move", a)
	}
	if _, err := money.ParseCurrency(string(a.Currency)); err != nil {
		return fault.Errorf(fault.Bug, fault.Invalid, "an amount without a currency")
	}
	return nil
}
