// Package disturb lets the calls of an external system meet something first, where the system is
// a simulator: a person who tries a platform makes it slow, or has it away.
package disturb

import (
	"context"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// Meet is met by each call of an external system before it. An error is the call's, which then
// did nothing.
type Meet func(ctx context.Context) error

// Systems says what the calls of each external system meet; nil: nothing.
type Systems struct{ Payment, Shipping Meet }

// Provider returns p, whose calls meet something first, if there is something to meet.
func (s Systems) Provider(p provider.Provider) provider.Provider {
	if s.Payment == nil {
		return p
	}
	return disturbedProvider{p, s.Payment}
}

// Carrier is the same for a carrier.
func (s Systems) Carrier(c carrier.Carrier) carrier.Carrier {
	if s.Shipping == nil {
		return c
	}
	return disturbedCarrier{c, s.Shipping}
}

type disturbedProvider struct {
	provider.Provider

	meet Meet
}

// Authorize implements [provider.Provider].
func (d disturbedProvider) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	if err := d.meet(ctx); err != nil {
		return provider.Effect{}, err
	}
	return d.Provider.Authorize(ctx, a) //nolint:wrapcheck // as the provider says it
}

// Capture implements [provider.Provider].
func (d disturbedProvider) Capture(ctx context.Context, c provider.Capture) (provider.Effect, error) {
	if err := d.meet(ctx); err != nil {
		return provider.Effect{}, err
	}
	return d.Provider.Capture(ctx, c) //nolint:wrapcheck // as above
}

// Void implements [provider.Provider].
func (d disturbedProvider) Void(ctx context.Context, key string) error {
	if err := d.meet(ctx); err != nil {
		return err
	}
	return d.Provider.Void(ctx, key) //nolint:wrapcheck // as above
}

// Refund implements [provider.Provider].
func (d disturbedProvider) Refund(ctx context.Context, r provider.Refund) (provider.Effect, error) {
	if err := d.meet(ctx); err != nil {
		return provider.Effect{}, err
	}
	return d.Provider.Refund(ctx, r) //nolint:wrapcheck // as above
}

// Find implements [provider.Provider].
func (d disturbedProvider) Find(ctx context.Context, key string) (provider.Effect, bool, error) {
	if err := d.meet(ctx); err != nil {
		return provider.Effect{}, false, err
	}
	return d.Provider.Find(ctx, key) //nolint:wrapcheck // as above
}

// Forbid implements [provider.Provider].
func (d disturbedProvider) Forbid(ctx context.Context, key string) (provider.Effect, bool, error) {
	if err := d.meet(ctx); err != nil {
		return provider.Effect{}, false, err
	}
	return d.Provider.Forbid(ctx, key) //nolint:wrapcheck // as above
}

type disturbedCarrier struct {
	carrier.Carrier

	meet Meet
}

// Book implements [carrier.Carrier].
func (d disturbedCarrier) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	if err := d.meet(ctx); err != nil {
		return carrier.Booking{}, err
	}
	return d.Carrier.Book(ctx, key, p) //nolint:wrapcheck // as above
}

// Cancel implements [carrier.Carrier].
func (d disturbedCarrier) Cancel(ctx context.Context, key string) error {
	if err := d.meet(ctx); err != nil {
		return err
	}
	return d.Carrier.Cancel(ctx, key) //nolint:wrapcheck // as above
}

// Find implements [carrier.Carrier].
func (d disturbedCarrier) Find(ctx context.Context, key string) (carrier.Booking, bool, error) {
	if err := d.meet(ctx); err != nil {
		return carrier.Booking{}, false, err
	}
	return d.Carrier.Find(ctx, key) //nolint:wrapcheck // as above
}

// Forbid implements [carrier.Carrier].
func (d disturbedCarrier) Forbid(ctx context.Context, key string) (carrier.Booking, bool, error) {
	if err := d.meet(ctx); err != nil {
		return carrier.Booking{}, false, err
	}
	return d.Carrier.Forbid(ctx, key) //nolint:wrapcheck // as above
}
