// Package moment orders the notes of a saga: a record takes only one that is later than the
// last.
package moment

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// Clock is the clock of one run of a workflow. The zero value is ready to use.
type Clock struct{ last time.Time }

// Next returns the present in UTC, in whole microseconds, as databases store it. Each answer
// is later than the one before, also in the same workflow task.
func (c *Clock) Next(ctx workflow.Context) time.Time {
	at := workflow.Now(ctx).UTC().Truncate(time.Microsecond)
	if !at.After(c.last) {
		at = c.last.Add(time.Microsecond)
	}
	c.last = at
	return at
}
