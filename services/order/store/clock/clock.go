// Package clock looks at the choreographed orders that are due: it asks for the abort of
// those that are late, and reminds the services of those that make no progress. One process
// does so at a time, by a lease; two at once would only remind twice.
package clock

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/background"
)

// page is how many orders are looked for at once.
const page = 100

// Orders are the orders of the service.
type Orders interface {
	// Due returns the ids of orders that are due, greater than after, by id.
	Due(ctx context.Context, now time.Time, after string, limit int) ([]string, error)
	// Remind does the clock's part for an order that is due, and nothing for another one.
	Remind(ctx context.Context, id string, now time.Time) error
}

// Config configures a [Clock]. DB, Orders, Now and Logger must be set.
type Config struct {
	// DB has the lease.
	DB     *gorm.DB
	Orders Orders
	// Every is the time between two rounds. The default is 1 s.
	Every time.Duration
	// Lease is how long the beat of a process may stand still before another one takes
	// over. The default is 10 s.
	Lease  time.Duration
	Now    func() time.Time
	Logger *slog.Logger
}

// Clock looks at orders. It runs once.
type Clock struct {
	// Loop is that of the rounds.
	Loop *background.Loop

	config Config
	lease  *lease.Lease
}

// New returns a clock that does not run yet.
func New(c Config) *Clock {
	clock := &Clock{config: c, lease: lease.New(c.DB, "clock", cmp.Or(c.Lease, 10*time.Second))}
	clock.Loop = background.NewLoop(background.LoopConfig{
		Name: "clock of orders", Every: cmp.Or(c.Every, time.Second), Round: clock.round, Logger: c.Logger,
	})
	return clock
}

// Warnings returns none: an order that the clock does not reach is stuck, and found as such.
func (c *Clock) Warnings() []string { return nil }

// Run looks at orders until ctx ends, whenever this process has the lease. It waits for a
// database that does not answer, and returns nil.
func (c *Clock) Run(ctx context.Context) error {
	retry := background.Retry{First: time.Second, Report: func(err error) {
		c.config.Logger.Warn("the clock of orders waits", "error", err)
	}}
	_ = retry.Do(ctx, func(ctx context.Context) error { // the end that was asked for
		if err := c.lease.Await(ctx); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		return c.lead(ctx)
	})
	return nil
}

// lead does rounds until ctx ends or the lease is lost. It returns why it ended.
func (c *Clock) lead(ctx context.Context) error {
	leading, end := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { end(c.lease.Keep(leading)) })
	parts.Go(func() { end(c.Loop.Run(leading)) })
	parts.Wait()
	if err := c.lease.Free(ctx); err != nil && !errors.Is(err, lease.ErrLost) {
		c.config.Logger.Warn("a lease was not given back", "of", "clock of orders", "error", err)
	}
	return context.Cause(leading) // that of ctx, if it has ended
}

// round looks at every order that is due. One that fails does not stop the others.
func (c *Clock) round(ctx context.Context) error {
	now, after := c.config.Now(), ""
	var failed []error
	for ctx.Err() == nil {
		ids, err := c.config.Orders.Due(ctx, now, after, page)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, id := range ids {
			failed = append(failed, c.config.Orders.Remind(ctx, id, now))
		}
		if len(ids) < page {
			break
		}
		after = ids[page-1]
	}
	return errors.Join(failed...)
}
