package registry

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// Stores are the open databases of one service.
type Stores struct {
	Row     Row
	Own     *gorm.DB
	outside *gorm.DB // nil for a service without an external system
}

// Open opens the databases of a row's service. The second DSN is that of the simulator of
// its external system, unused if the service calls none. Its error is a fault.
func Open(ctx context.Context, r Row, own, outside string, o database.Options) (*Stores, error) {
	db, err := database.Open(ctx, own, o)
	if err != nil {
		return nil, about(r.Name, err)
	}
	opened := &Stores{Row: r, Own: db}
	if r.outside != nil {
		if opened.outside, err = database.Open(ctx, outside, o); err != nil {
			return nil, errors.Join(about(r.Name+"'s simulator", err), database.Close(db))
		}
	}
	return opened, nil
}

// about names the database that err comes from. The result is a fault whose message
// a readiness check may show; the cause is for the log.
func about(whose string, err error) error {
	f := fault.Of(err)
	return fault.Wrap(err, f.Kind, f.Code, "database of "+whose+": "+f.Message)
}

// Migrate brings the databases to their newest versions. A repeat changes nothing.
func (s *Stores) Migrate(ctx context.Context) error {
	if err := s.Row.own.Migrate(ctx, s.Own); err != nil {
		return about(s.Row.Name, err)
	}
	if s.outside != nil {
		if err := s.Row.outside.Migrate(ctx, s.outside); err != nil {
			return about(s.Row.Name+"'s simulator", err)
		}
	}
	return nil
}

// Ready returns nil if the databases answer and are migrated, otherwise a fault.
func (s *Stores) Ready(ctx context.Context) error {
	if err := s.Row.own.Ready(ctx, s.Own); err != nil {
		return about(s.Row.Name, err)
	}
	if s.outside != nil {
		if err := s.Row.outside.Ready(ctx, s.outside); err != nil {
			return about(s.Row.Name+"'s simulator", err)
		}
	}
	return nil
}

// Connections returns how many connections the service's own database may have open.
func (s *Stores) Connections() int {
	pool, err := s.Own.DB()
	if err != nil {
		return 1
	}
	return max(1, pool.Stats().MaxOpenConnections)
}

// CallsOutside reports whether the service calls an external system.
func (s *Stores) CallsOutside() bool { return s.outside != nil }

// Close closes the databases.
func (s *Stores) Close() error {
	err := database.Close(s.Own)
	if s.outside != nil {
		err = errors.Join(err, database.Close(s.outside))
	}
	return err
}
