package worker

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// stores are the open databases of one service.
type stores struct {
	row          row
	own, outside *gorm.DB // outside is nil for a service without an external system
}

func open(ctx context.Context, r row, o Options) (*stores, error) {
	s := o.Services[r.name]
	options := database.Options{MaxConns: s.MaxConns, LockTimeout: o.LockTimeout, Durable: o.Durable, NoPipeline: o.NoPipeline}
	own, err := database.Open(ctx, s.DSN, options)
	if err != nil {
		return nil, about(r.name, err)
	}
	opened := &stores{row: r, own: own}
	if r.outside != nil {
		if opened.outside, err = database.Open(ctx, s.OutsideDSN, options); err != nil {
			return nil, errors.Join(about(r.name+"'s simulator", err), database.Close(own))
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

func (s *stores) migrate(ctx context.Context) error {
	if err := s.row.own.Migrate(ctx, s.own); err != nil {
		return about(s.row.name, err)
	}
	if s.outside != nil {
		if err := s.row.outside.Migrate(ctx, s.outside); err != nil {
			return about(s.row.name+"'s simulator", err)
		}
	}
	return nil
}

func (s *stores) ready(ctx context.Context) error {
	if err := s.row.own.Ready(ctx, s.own); err != nil {
		return about(s.row.name, err)
	}
	if s.outside != nil {
		if err := s.row.outside.Ready(ctx, s.outside); err != nil {
			return about(s.row.name+"'s simulator", err)
		}
	}
	return nil
}

// connections returns how many connections the service's own database may have open.
func (s *stores) connections() int {
	pool, err := s.own.DB()
	if err != nil {
		return 1
	}
	return max(1, pool.Stats().MaxOpenConnections)
}

func (s *stores) close() error {
	err := database.Close(s.own)
	if s.outside != nil {
		err = errors.Join(err, database.Close(s.outside))
	}
	return err
}
