// Package await waits for the needs of services.
package await

import (
	"context"
	"errors"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
)

// Until repeats attempt until it succeeds, fails by a bug, or ctx ends.
func Until(ctx context.Context, report func(error), attempt func(context.Context) error) error {
	retry := background.Retry{Report: report, Final: func(err error) bool { return fault.KindOf(err) == fault.Bug }}
	return retry.Do(ctx, attempt)
}

// Cause returns the innermost error: the driver's.
func Cause(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
