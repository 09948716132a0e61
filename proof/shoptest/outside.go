package shoptest

import (
	"context"
	"errors"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// Outside fails calls to the external systems by themselves: the registry of an explorer.
type Outside interface {
	Outside(name string, effect func() error, unreachable, unknown error) error
}

// Through makes a call that a schedule may fail. A late call gets a context of its own,
// because the context of its caller has ended.
func Through[T any](ctx context.Context, o Outside, name string, unreachable error, call func(ctx context.Context) (T, error)) (T, error) {
	var out T
	err := o.Outside(name, func() (err error) {
		out, err = call(context.WithoutCancel(ctx))
		return err
	}, unreachable, context.DeadlineExceeded)
	return out, err
}

// Refusals are those of the external systems.
type Refusals struct{ Decline, Undeliverable bool }

// FaultyProvider returns the payment provider, each of whose calls o may fail.
func (s *Shop) FaultyProvider(o Outside) provider.Provider { return &faultyProvider{s.Provider, s, o} }

// FaultyCarrier does the same for the carrier.
func (s *Shop) FaultyCarrier(o Outside) carrier.Carrier { return &faultyCarrier{s.Carrier, s, o} }

type faultyProvider struct {
	provider.Provider

	s *Shop
	o Outside
}

func (p *faultyProvider) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	if p.s.Refusals.Decline {
		a.Token = "tok_declined"
	}
	return Through(ctx, p.o, "provider.authorize", provider.ErrUnavailable, func(ctx context.Context) (provider.Effect, error) {
		return p.Provider.Authorize(ctx, a)
	})
}

func (p *faultyProvider) Capture(ctx context.Context, c provider.Capture) (provider.Effect, error) {
	return Through(ctx, p.o, "provider.capture", provider.ErrUnavailable, func(ctx context.Context) (provider.Effect, error) {
		return p.Provider.Capture(ctx, c)
	})
}

func (p *faultyProvider) Void(ctx context.Context, k string) error {
	_, err := Through(ctx, p.o, "provider.void", provider.ErrUnavailable, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.Provider.Void(ctx, k)
	})
	return err
}

type faultyCarrier struct {
	carrier.Carrier

	s *Shop
	o Outside
}

func (c *faultyCarrier) Book(ctx context.Context, k string, p carrier.Parcel) (carrier.Booking, error) {
	if c.s.Refusals.Undeliverable {
		p.To.PostalCode = "00000"
	}
	return Through(ctx, c.o, "carrier.book", carrier.ErrUnavailable, func(ctx context.Context) (carrier.Booking, error) {
		return c.Carrier.Book(ctx, k, p)
	})
}

func (c *faultyCarrier) Cancel(ctx context.Context, k string) error {
	_, err := Through(ctx, c.o, "carrier.cancel", carrier.ErrUnavailable, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.Carrier.Cancel(ctx, k)
	})
	return err
}

// Refuse makes the services refuse a step of an order that is not decided yet, and reports
// whether the step can be refused. [Shop.Reset] ends it.
func (s *Shop) Refuse(ctx context.Context, orderID, step string) (bool, error) {
	switch step {
	case "catalog.quote":
		return true, s.Reprice(ctx, func(p *catalog.Product) { p.Active = false })
	case "inventory.reserve":
		return true, s.SellOut(ctx, "MUG")
	case "payment.authorize":
		s.Refusals.Decline = true
		return true, nil
	case "shipping.book":
		s.Refusals.Undeliverable = true
		return true, nil
	case "payment.capture": // the hold expires at the provider
		err := s.Provider.Void(ctx, key.New(orderID, "payment.authorize").String())
		if errors.Is(err, provider.ErrCaptured) || errors.Is(err, provider.ErrNotFound) {
			err = nil
		}
		return true, err
	}
	return false, nil
}

// Reprice changes the products that explorers order.
func (s *Shop) Reprice(ctx context.Context, f func(*catalog.Product)) error {
	for _, sku := range []string{"MUG", "KETTLE"} {
		p, err := s.Catalog.Product(ctx, sku)
		if err != nil {
			return err
		}
		f(&p)
		if err := s.Catalog.Import(ctx, []catalog.Product{p}); err != nil {
			return err
		}
	}
	return nil
}
