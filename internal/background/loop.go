package background

import (
	"context"
	"log/slog"
	"time"
)

// LoopConfig describes a [Loop].
type LoopConfig struct {
	// Name is the loop's name in the log.
	Name string
	// Every is the time from the start of one round to that of the next; a round
	// that takes longer delays the next one. It must be above 0.
	Every time.Duration
	// Round is one round. An error does not end the loop.
	Round func(ctx context.Context) error
	// Logger must be set. It gets a warning when rounds begin to fail.
	Logger *slog.Logger
}

// Loop repeats a piece of work for as long as its process runs.
type Loop struct {
	// Rounds receives the result of every round that was not cut off.
	Rounds Signal[error]

	config  LoopConfig
	failing bool
}

// NewLoop returns a loop that does not run yet.
func NewLoop(c LoopConfig) *Loop { return &Loop{config: c} }

// Run does rounds until ctx ends, the first one immediately. It always returns
// nil, so that it can be the Run of a part of a process. A loop runs once at a time.
func (l *Loop) Run(ctx context.Context) error {
	tick := time.NewTicker(l.config.Every)
	defer tick.Stop()
	for {
		err := l.config.Round(ctx)
		if ctx.Err() != nil {
			return nil // cut off, so its error means nothing
		}
		if err != nil && !l.failing {
			l.config.Logger.Warn("a background loop fails", "loop", l.config.Name, "error", err)
		}
		l.failing = err != nil
		l.Rounds.Emit(err)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
