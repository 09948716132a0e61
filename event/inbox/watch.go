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

// watch looks for decisions of operators, measures, and deletes what has been settled for
// long, until ctx ends.
func (g *Group) watch(ctx context.Context) error {
	defer g.stand.Store(&waiting.Standing{})
	var stood, forgot time.Time
	for ctx.Err() == nil {
		// Errors are those of the database. The lease ends with it, so they pass or end
		// the round.
		_ = g.startRedrives(ctx)
		if time.Since(stood) >= standEvery {
			if s, err := waiting.Stand(ctx, g.o.DB, g.name); err == nil {
				g.stand.Store(&s)
				g.o.Meter.Stand(g.name, s.Waiting, s.Dead, s.Oldest)
				stood = time.Now()
			}
		}
		if time.Since(forgot) >= forgetEvery {
			forgot = time.Now()
			for more := true; more && ctx.Err() == nil; {
				more, _ = waiting.Forget(g.o.DB.WithContext(ctx), txn.Now().Add(-g.o.Retention), forgetAtOnce) // false with an error
			}
		}
		background.Pause(ctx, g.o.Poll)
	}
	return nil
}
