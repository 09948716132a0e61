package chaos

import (
	"context"
	"fmt"
	"time"
)

// tick is how often a condition is looked at.
const tick = 20 * time.Millisecond

// until waits for a condition, as long as ctx lasts.
func until(ctx context.Context, what string, condition func() bool) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("never: %s: %w", what, context.Cause(ctx))
		case <-t.C:
		}
	}
	return nil
}

// pause waits that long, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
