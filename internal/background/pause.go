package background

import (
	"context"
	"time"
)

// Pause waits for d, or until ctx ends. It reports whether ctx goes on.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil // both may be over
	}
}
