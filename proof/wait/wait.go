// Package wait waits in the proof of the platform: for a condition, a time, a page.
// Every wait ends with its context.
package wait

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// tick is the interval between two looks at a condition.
const tick = 20 * time.Millisecond

// browser is the HTTP client of [Answers].
var browser = &http.Client{Timeout: 20 * time.Second}

// Until waits for a condition. The error names it if ctx ends first.
func Until(ctx context.Context, name string, condition func() bool) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("never: %s: %w", name, context.Cause(ctx))
		case <-t.C:
		}
	}
	return nil
}

// For waits that long. The error is the cause of the end of ctx if that comes first.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Answers reports whether a page answers with 200.
func Answers(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	res, err := browser.Do(r)
	return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
}
