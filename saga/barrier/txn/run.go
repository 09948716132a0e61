package txn

import (
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
	// attempts is how often a transaction is tried in all. Deadlocks and
	// serialization failures end at the second or third; a lock that is held for
	// longer than this many lock timeouts is somebody else's trouble to report.
	attempts = 5
	// firstPause is the longest pause before the second attempt; it doubles.
	firstPause = 10 * time.Millisecond
)

// Run runs f in one transaction and commits it. The isolation is READ COMMITTED
// on PostgreSQL; on SQLite the transaction is as the connection begins it, which
// must be IMMEDIATE.
//
// A transaction that lost against another one (see [Retryable]) is run again
// from the start, so f must not have effects outside tx and must set, not add
// to, what it captures. What still fails after a few attempts, and a lost
// connection, is a fault of kind transient with code UNAVAILABLE. When ctx ends
// the error wraps ctx.Err(), unless f returned a fault of its own. Every other
// error of f is returned as it is.
//
// After a lost connection, an ended ctx or a killed worker the commit may have
// happened, and it may yet: a server that has got COMMIT, and what was queued before
// it (see [Queue]), needs nobody to carry both out, once it has the locks. So f must
// be safe to run again, also before the first run has ended.
//
// Run must not be called inside another transaction: a retry there could not
// begin anew, and "committed" would be a lie. It answers with a bug.
func Run(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB) error) error {
	return persist(ctx, db, func(db *gorm.DB) error { return db.Transaction(f, options(db)...) })
}

// Alone runs f without a transaction: each of its statements is one by itself and
// needs neither BEGIN nor COMMIT. It tries again as [Run] does, and then what f
// wrote before may be there already. It must not be called inside a transaction
// either.
func Alone(ctx context.Context, db *gorm.DB, f func(db *gorm.DB) error) error {
	return persist(ctx, db, f)
}

// persist tries until it succeeds, fails for good, or has failed often enough.
func persist(ctx context.Context, db *gorm.DB, try func(db *gorm.DB) error) error {
	if _, nested := db.Statement.ConnPool.(gorm.TxCommitter); nested {
		return fault.Errorf(fault.Bug, fault.Internal, "a transaction inside a transaction")
	}
	db = db.WithContext(ctx)
	for attempt := 1; ; attempt++ {
		err := try(db)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ended(ctx, err)
		case !Retryable(err):
			return lost(err)
		case attempt == attempts:
			return fault.Wrap(err, fault.Transient, fault.Unavailable, "the database is busy")
		}
		if !pause(ctx, firstPause<<(attempt-1)) {
			return ended(ctx, err)
		}
	}
}

// options asks for READ COMMITTED where there is a choice. REPEATABLE READ would
// be worse, not better: a do that waited for another do of the same key could
// not see the row it waited for.
func options(db *gorm.DB) []*sql.TxOptions {
	if db.Name() == "postgres" {
		return []*sql.TxOptions{{Isolation: sql.LevelReadCommitted}}
	}
	return nil
}

// ended returns err as what it is once ctx is over: a call whose outcome nobody
// waited for. A fault of f's own says more and is kept.
func ended(ctx context.Context, err error) error {
	var own *fault.Error
	if errors.As(err, &own) || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("transaction: %w: %w", ctx.Err(), err)
}

// lost returns a fault for an error of a broken connection, else err.
func lost(err error) error {
	var own *fault.Error
	if errors.As(err, &own) || !Lost(err) {
		return err
	}
	return fault.Wrap(err, fault.Transient, fault.Unavailable, "the database cannot be reached")
}

// pause waits for a random part of at most d. It says whether ctx still lives.
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
