package inbox

import (
	"context"
	"time"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/saga/barrier/txn"
)

const (
	// standEvery is the interval of measurements.
	standEvery = 15 * time.Second
	// forgetEvery is the interval of deletions, forgetAtOnce the rows of each.
	forgetEvery  = 10 * time.Minute
	forgetAtOnce = 500
)

// every returns a part of the group that does a round at the interval until its context
// ends. It logs when rounds begin to fail.
func (g *Group) every(interval time.Duration, name string, round func(ctx context.Context) error) func(ctx context.Context) error {
	return background.NewLoop(background.LoopConfig{Name: g.name + ": " + name, Every: interval, Round: round, Logger: g.o.Logger}).Run
}

// measure reports how the group stands. Warnings keep the last measurement.
func (g *Group) measure(ctx context.Context) error {
	s, err := waiting.Stand(ctx, g.o.DB, g.name)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	g.stand.Store(&s)
	g.o.Meter.Stand(g.name, s.Waiting, s.Dead, s.Oldest)
	return nil
}

// forget deletes what was settled longer ago than the retention.
func (g *Group) forget(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := waiting.Forget(g.o.DB.WithContext(ctx), txn.Now().Add(-g.o.Retention), forgetAtOnce)
		if err != nil || !more {
			return err //nolint:wrapcheck // it names the operation
		}
	}
	return nil
}
