// Package outside moves the money of the payment service: each of its methods commits an
// intent, calls the provider, and commits the outcome, see [once.Effect].
package outside

import (
	"cmp"
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/refund"
)

// Options configure an [Outside].
type Options struct {
	// CallTimeout bounds each call to the provider. The two calls of a step (ask, act)
	// must fit into its start-to-close of 10 s, so that a hanging provider ends as
	// PROVIDER_TIMEOUT and not as an activity cut off. 0 means the default, 4 s.
	CallTimeout time.Duration
}

// Outside implements [payment.Service] by intent → call → outcome. It keeps nothing in
// memory; several may work on one database.
type Outside struct {
	store       payment.Store
	provider    provider.Provider
	callTimeout time.Duration
}

var _ payment.Service = (*Outside)(nil)

// New returns a service that keeps its ledger in store and moves money through p.
func New(store payment.Store, p provider.Provider, o Options) *Outside {
	return &Outside{store: store, provider: p, callTimeout: cmp.Or(max(o.CallTimeout, 0), 4*time.Second)}
}

// Get implements [payment.Service].
func (o *Outside) Get(ctx context.Context, saga string) (payment.Summary, error) {
	return o.store.Get(ctx, saga)
}

// Refunds implements [payment.Service].
func (o *Outside) Refunds(ctx context.Context, saga string) ([]refund.Record, error) {
	return o.store.Refunds(ctx, saga)
}

// Postings implements [payment.Service].
func (o *Outside) Postings(ctx context.Context, saga string) ([]posting.Set, error) {
	return o.store.Postings(ctx, saga)
}

// act makes one call to the provider and translates its error.
func (o *Outside) act(ctx context.Context, f func(ctx context.Context) (provider.Effect, error)) (provider.Effect, error) {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, err := f(ctx)
	return effect, payment.ProviderFault(err)
}

func (o *Outside) find(ctx context.Context, k key.Key) (provider.Effect, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, found, err := o.provider.Find(ctx, k.String())
	return effect, found, payment.ProviderFault(err)
}

// forbid returns the effect of k, or makes sure that it will never have one. It
// needs no Find before: Forbid returns the same answer, and a late call could slip
// through between the two.
func (o *Outside) forbid(ctx context.Context, k key.Key) (provider.Effect, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, o.callTimeout)
	defer cancel()
	effect, found, err := o.provider.Forbid(ctx, k.String())
	return effect, found, payment.ProviderFault(err)
}

func checkAmount(a money.Amount, least int64) error {
	if a.Minor < least {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s is not an amount to move", a)
	}
	if !a.Currency.Known() {
		return fault.Errorf(fault.Bug, fault.Invalid, "an amount without a currency")
	}
	return nil
}
