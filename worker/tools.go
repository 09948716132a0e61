package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/notification"
	notificationstore "github.com/amends/amends/services/notification/store"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/worker/await"
	"github.com/amends/amends/worker/holding"
	"github.com/amends/amends/worker/registry"
)

// Migrate marks the databases of o's services as theirs and brings them to their
// newest versions, in the order of the registry. It waits for a database that does
// not answer until ctx ends, and refuses one of another service or installation. A
// repeat changes nothing; it may run beside workers.
func Migrate(ctx context.Context, o Options) error {
	for _, r := range registry.All {
		if _, ok := o.Services[r.Name]; !ok {
			continue
		}
		s, err := openWhenThere(ctx, r, o, func(err error) {
			o.Logger.Warn("waiting", "service", r.Name, "for", err, "cause", await.Cause(err))
		})
		if err != nil {
			return err
		}
		if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
			return err
		}
	}
	return nil
}

// WithCatalog opens the catalog's database for f. o needs no other service.
func WithCatalog(ctx context.Context, o Options, f func(catalog.Service) error) error {
	return With(ctx, o, "catalog", func(s *registry.Stores) error { return f(catalogstore.New(s.Own)) })
}

// WithInventory opens the inventory's database for f. o needs no other service.
func WithInventory(ctx context.Context, o Options, f func(inventory.Service) error) error {
	return With(ctx, o, "inventory", func(s *registry.Stores) error { return f(inventorystore.New(s.Own)) })
}

// WithUser opens the user service's database for f. o needs no other service. No order can
// be asked about, so no account can be erased.
func WithUser(ctx context.Context, o Options, f func(user.Service) error) error {
	return With(ctx, o, "user", func(s *registry.Stores) error {
		if err := s.Prepare(nil); err != nil {
			return err //nolint:wrapcheck // it names the setting
		}
		return f(s.Users())
	})
}

// WithNotification opens the notification service's database for f. o needs no other service.
func WithNotification(ctx context.Context, o Options, f func(notification.Service) error) error {
	return With(ctx, o, "notification", func(s *registry.Stores) error { return f(notificationstore.New(s.Own)) })
}

// WithWatch opens the order service's database for f, which gets a watch over its
// orders. o needs no other service.
func WithWatch(ctx context.Context, o Options, f func(*watch.Watch) error) error {
	return With(ctx, o, "order", func(s *registry.Stores) error {
		return f(watch.New(watch.Config{Orders: orderstore.New(s.Own), Words: registry.Words()}))
	})
}

// WithStuck opens the order service's database for f, which gets a finder of stuck
// orders; c is asked about their workflows. o needs no other service. It fails if the
// engine does not answer.
func WithStuck(ctx context.Context, o Options, c *engine.Client, f func(*stuck.Finder) error) error {
	return With(ctx, o, "order", func(s *registry.Stores) error {
		if err := c.Check(ctx); err != nil {
			return fmt.Errorf("orders that make no progress: %w", err)
		}
		return f(stuck.New(o.deciding(s, c).Search()))
	})
}

// Exposure opens the database of one of the services at which an order can hold something,
// see package holding, and returns the holdings of each of some orders there, by its rows. o
// needs no other service.
func Exposure(ctx context.Context, o Options, service string, orders []string) (map[string]exposure.Exposure, error) {
	all := map[string]exposure.Exposure{}
	err := With(ctx, o, service, func(s *registry.Stores) error {
		for _, id := range orders {
			e, err := holding.At(ctx, s, id)
			if err != nil {
				return err //nolint:wrapcheck // a fault
			}
			all[id] = e
		}
		return nil
	})
	return all, err
}

// With opens a service's databases for f. It fails if they have not been migrated, or
// belong to another service or installation.
func With(ctx context.Context, o Options, name string, f func(s *registry.Stores) error) error {
	r, err := registry.Find(name)
	if err != nil {
		return err
	}
	s, err := open(ctx, r, o)
	if err != nil {
		return err
	}
	if err = s.Ready(ctx); err == nil {
		err = f(s)
	}
	return errors.Join(err, s.Close())
}

// open opens the databases of a row's service.
func open(ctx context.Context, r registry.Row, o Options) (*registry.Stores, error) {
	s := o.Services[r.Name]
	at := registry.DSNs{Own: s.DSN, Outside: s.OutsideDSN, Installation: o.Installation, Secret: s.Secret, Mail: o.Mail, Disturb: o.Disturb}
	return registry.Open(ctx, r, at, database.Options{ //nolint:wrapcheck // a fault that names the database
		MaxConns: s.MaxConns, LockTimeout: o.LockTimeout, ConnLifetime: o.ConnLifetime, Durable: o.Durable, NoPipeline: o.NoPipeline,
		Traced: o.Metrics.Traced(),
	})
}
