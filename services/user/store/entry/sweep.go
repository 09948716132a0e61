package entry

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user/store/ended"
	"github.com/amends/amends/services/user/store/failed"
)

const (
	// sweepEvery is the time between two sweeps of a process.
	sweepEvery = 10 * time.Minute
	// sweepAfter is how long rows that have expired are kept, for repeats of the calls that
	// ended them.
	sweepAfter = 24 * time.Hour
)

// broom says when a process has swept last, in seconds.
type broom struct{ at atomic.Int64 }

// sweep deletes rows that mean nothing any more, if it is time. It runs in the way of the
// calls that write such rows.
func (b *broom) sweep(ctx context.Context, db *gorm.DB, now time.Time) error {
	last := b.at.Load()
	if now.Unix()-last < int64(sweepEvery.Seconds()) || !b.at.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	return database.Retry(ctx, db, func(db *gorm.DB) error {
		if err := ended.Sweep(db, now); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		if err := failed.Sweep(db, now); err != nil {
			return err //nolint:wrapcheck // the same
		}
		for _, table := range []string{"sessions", "mails"} {
			if err := db.Exec("DELETE FROM "+table+" WHERE expires_at < ?", now.Add(-sweepAfter)).Error; err != nil {
				return fmt.Errorf("sweep %s: %w", table, err)
			}
		}
		// Those of addresses without an account, which are written to take the same time.
		if err := db.Exec("DELETE FROM records WHERE account = '' AND at < ?", now.Add(-sweepAfter)).Error; err != nil {
			return fmt.Errorf("sweep records: %w", err)
		}
		return nil
	})
}
