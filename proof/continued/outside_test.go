package continued_test

import (
	"context"
	"time"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// hurried bounds the wait for a reply that hangs: some golden histories lose
// replies, and so does every continuation of them.
const hurried = 5 * time.Millisecond

// hurriedProvider and hurriedCarrier are external systems for services in a hurry.
// A call keeps its full effect: only the wait for it ends early.
type (
	hurriedProvider struct{ provider.Provider }
	hurriedCarrier  struct{ carrier.Carrier }
)

func hurry[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, hurried)
	defer cancel()
	return call(ctx)
}

func (p hurriedProvider) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	return hurry(ctx, func(ctx context.Context) (provider.Effect, error) { return p.Provider.Authorize(ctx, a) })
}

func (p hurriedProvider) Capture(ctx context.Context, c provider.Capture) (provider.Effect, error) {
	return hurry(ctx, func(ctx context.Context) (provider.Effect, error) { return p.Provider.Capture(ctx, c) })
}

func (p hurriedProvider) Find(ctx context.Context, key string) (e provider.Effect, found bool, err error) {
	e, err = hurry(ctx, func(ctx context.Context) (e provider.Effect, err error) {
		e, found, err = p.Provider.Find(ctx, key)
		return e, err
	})
	return e, found, err
}

func (p hurriedProvider) Forbid(ctx context.Context, key string) (e provider.Effect, found bool, err error) {
	e, err = hurry(ctx, func(ctx context.Context) (e provider.Effect, err error) {
		e, found, err = p.Provider.Forbid(ctx, key)
		return e, err
	})
	return e, found, err
}

func (p hurriedProvider) Void(ctx context.Context, key string) error {
	_, err := hurry(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, p.Provider.Void(ctx, key) })
	return err
}

func (c hurriedCarrier) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	return hurry(ctx, func(ctx context.Context) (carrier.Booking, error) { return c.Carrier.Book(ctx, key, p) })
}
