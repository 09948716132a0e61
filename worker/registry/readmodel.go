package registry

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	impliedrpc "github.com/amends/amends/event/implied/rpc"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/query"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
	"github.com/amends/amends/worker/rebuild"
)

// ReadModel returns the store of the query service on its database.
func (s *Stores) ReadModel() *querystore.Store {
	s.readModelOnce.Do(func() { s.readModel = querystore.New(s.Own) })
	return s.readModel
}

// Rebuild returns the rebuild of the read model from the rows of owners.
func (s *Stores) Rebuild(owners map[string]implied.Source) *rebuild.Rebuild {
	return rebuild.New(generations.New(s.Own), owners)
}

// Owners returns the services that are asked for the facts of their rows, here or over connections.
func (s *Stores) Owners(here []*Stores) map[string]implied.Source {
	owners := map[string]implied.Source{}
	for service, conn := range s.asked {
		owners[service] = impliedrpc.NewClient(conn, service)
	}
	for _, other := range here {
		if other.Row.Implied != nil && slices.Contains(s.Row.asks, other.Row.Name) {
			owners[other.Row.Name] = other.Row.Implied(other)
		}
	}
	for _, service := range s.Row.asks {
		if owners[service] == nil {
			owners[service] = silent(service)
		}
	}
	return owners
}

// Implied returns the facts that the rows of services imply, by service.
func Implied(stores []*Stores) map[string]implied.Source {
	all := map[string]implied.Source{}
	for _, s := range stores {
		if s.Row.Implied != nil {
			all[s.Row.Name] = s.Row.Implied(s)
		}
	}
	return all
}

// silent is a service that cannot be asked.
func silent(service string) implied.Source {
	return func(context.Context, implied.Page) ([]event.Event, string, error) {
		return nil, "", fault.Errorf(fault.Transient, fault.Unavailable, "the service %s cannot be asked: set rpc.listen, or services.%s.target", service, service)
	}
}

// Follow applies facts that imported rows imply, and that no service tells. A repeat changes nothing.
func (s *Stores) Follow(ctx context.Context, facts []event.Event) error {
	return database.InTx(ctx, s.Own, func(tx *gorm.DB) error { return s.project(tx, facts) }) //nolint:wrapcheck // a fault
}

// project applies facts to the read model.
func (s *Stores) project(tx *gorm.DB, events []event.Event) error {
	changes := make([]query.Change, len(events))
	for i, e := range events {
		var err error
		if changes[i], err = reactions.Query(e); err != nil {
			return err //nolint:wrapcheck // a fault that names the event
		}
	}
	return s.ReadModel().Apply(tx, changes) //nolint:wrapcheck // it names the operation
}
