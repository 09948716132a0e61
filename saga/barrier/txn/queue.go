package txn

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// ErrRows is the error of a transaction in which a queued statement, see [Queue],
// wrote another number of rows than it must. Nothing of the transaction is left.
var ErrRows = errors.New("a statement wrote another number of rows than it must")

type queueKey struct{}

// Queue returns tx for one statement that must write exactly n rows and whose
// answer no caller waits for. A driver that knows of it (see [Queued]) holds the
// statement back and sends it with the next one, or with COMMIT. The server then
// fails unless n rows are written, so an error of it, or [ErrRows], comes from a
// later statement or from [Run]. Every other driver runs it at once, so the caller
// still checks the rows affected.
//
// The first statement of a transaction is never queued: it takes the lock that
// competing transactions wait for. Otherwise the server might receive nothing of the
// transaction until the function passed to [Run] has returned, and then carry out all of
// it, COMMIT included, after the caller is gone. A queued statement that waits for rows of
// its own may still do so behind the COMMIT; a repeat then finds it done.
//
//nolint:contextcheck,nolintlint // tx has the context of its transaction; contextcheck reads this for the callers
func Queue(tx *gorm.DB, n int64) *gorm.DB {
	return tx.WithContext(context.WithValue(tx.Statement.Context, queueKey{}, n))
}

// Queued reports whether a statement with ctx may be held back, and how many rows it
// must write. It is for drivers.
func Queued(ctx context.Context) (n int64, ok bool) {
	n, ok = ctx.Value(queueKey{}).(int64)
	return n, ok
}
