// Package background runs work in the background: [Retry] repeats an operation until it
// succeeds, [Loop] repeats one for the life of the process, and [Pause] waits. A [Signal] lets tests wait
// for them instead of sleeping.
package background

import (
	"cmp"
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// Retry repeats an operation until it succeeds, with a pause that doubles after
// every attempt. It is the one backoff of all code that waits for a dependency.
// The zero Retry is ready to use.
type Retry struct {
	// First is the pause after the first attempt; 0 is 50 ms.
	First time.Duration
	// Most is the longest pause; 0 is 1 s.
	Most time.Duration
	// Final reports whether retrying cannot fix an error; nil: no error is final.
	Final func(error) bool
	// Report receives the first error and every one whose text differs from the
	// error before it; nil drops them.
	Report func(error)
}

// Do calls attempt until it succeeds, its error is final, or ctx ends. It returns
// the last attempt's error, also when ctx has ended: that error says which
// dependency is missing. There is at least one attempt.
func (r Retry) Do(ctx context.Context, attempt func(context.Context) error) error {
	first := cmp.Or(r.First, 50*time.Millisecond)
	policy := retrypolicy.NewBuilder[any]().
		WithBackoff(first, max(first, cmp.Or(r.Most, time.Second))).
		WithMaxRetries(-1).
		AbortIf(func(_ any, err error) bool { return r.Final != nil && r.Final(err) }).
		Build()
	var last error
	reported := ""
	err := failsafe.With(policy).WithContext(ctx).Run(func() error {
		if last = attempt(ctx); last == nil || ctx.Err() != nil || r.Final != nil && r.Final(last) {
			return last
		}
		if text := last.Error(); r.Report != nil && text != reported {
			reported = text
			r.Report(last)
		}
		return last
	})
	if ctx.Err() != nil {
		return last
	}
	return err //nolint:wrapcheck // the attempt's own
}
