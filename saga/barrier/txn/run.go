package txn

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

const (
	// attempts bounds the tries of one transaction. Deadlocks and serialization
	// failures end at the second or third.
	attempts = 5
	// firstPause is the longest pause before the second attempt; it doubles.
	firstPause = 10 * time.Millisecond
)

// Run runs f in one transaction and commits it. The isolation is READ COMMITTED
// on PostgreSQL. On SQLite the transaction must begin as IMMEDIATE, which the
// connection decides.
//
// A transaction that took no effect (see [Retryable]) runs again from the start, so f
// must not have effects outside tx and must set, not add to, the variables it
// captures. A failure that outlasts a few attempts, and a lost connection, are faults
// of kind transient with code UNAVAILABLE. So is a lock (see [Locked]), with code LOCKED
// and without another attempt: the caller comes back later and holds no connection
// meanwhile. When ctx ends the error wraps ctx.Err(), unless f returned a fault of its
// own. Run returns every other error of f as it is.
//
// After a lost connection, an ended ctx or a killed worker the commit may have
// happened, or may still happen: a server that has received COMMIT, and the queued
// statements before it (see [Queue]), carries them out once it has the locks. So f
// must be safe to run again, even before the first run has ended.
//
// A Run inside another transaction is a bug: a retry could not start over, and
// "committed" would be false.
func Run(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB) error) error {
	return Retry(ctx, db, func(db *gorm.DB) error {
		var later afters // of this attempt
		tx := db.WithContext(context.WithValue(ctx, afterKey{}, &later))
		if err := tx.Transaction(f, options(db)...); err != nil {
			return err //nolint:wrapcheck // f's own, or one that the caller classifies
		}
		later.run()
		return nil
	})
}

// Retry runs f without a transaction: each of its statements commits by itself and
// needs neither BEGIN nor COMMIT. It tries again as [Run] does, and earlier
// statements of f may have committed by then. Inside a transaction it is a bug, too.
func Retry(ctx context.Context, db *gorm.DB, f func(db *gorm.DB) error) error {
	if _, nested := db.Statement.ConnPool.(gorm.TxCommitter); nested {
		return fault.Errorf(fault.Bug, fault.Internal, "a transaction inside a transaction")
	}
	db = db.WithContext(ctx)
	for attempt := 1; ; attempt++ {
		err := f(db)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ended(ctx, err)
		case Locked(err), !Retryable(err), attempt == attempts:
			return unavailable(err)
		}
		if !pause(ctx, firstPause<<(attempt-1)) {
			return ended(ctx, err)
		}
	}
}

// options asks for READ COMMITTED where there is a choice. REPEATABLE READ would
// be wrong: a do that waited for another do of the same key could not see the row
// that it waited for.
func options(db *gorm.DB) []*sql.TxOptions {
	if db.Name() == "postgres" {
		return []*sql.TxOptions{{Isolation: sql.LevelReadCommitted}}
	}
	return nil
}

// ended returns err of a call whose ctx is over: its outcome is unknown. A fault of
// f's own is more specific and stays.
func ended(ctx context.Context, err error) error {
	var own *fault.Error
	if errors.As(err, &own) || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("transaction: %w: %w", ctx.Err(), err)
}

// unavailable returns a fault of kind transient for an error that may pass, else err.
// A fault of f's own stays, unless it comes from a lost race.
func unavailable(err error) error {
	var own *fault.Error
	if errors.As(err, &own) && !Retryable(err) {
		return err
	}
	return cmp.Or(Unavailable(err), err)
}

// pause waits for a random part of at most d. It reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
