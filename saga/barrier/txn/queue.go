package txn

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// ErrRows is of a transaction in which a statement that was queued, see [Queue],
// did not write as many rows as it must. Nothing of the transaction is left.
var ErrRows = errors.New("a statement wrote another number of rows than it must")

type queueKey struct{}

// Queue returns tx for one statement that must write exactly n rows and whose
// answer nobody waits for. A driver that knows of it (see [Queued]) keeps the
// statement back and sends it together with the next one or with COMMIT; it then
// has the server fail unless n rows are written, so an error of it, or [ErrRows],
// comes from a later statement or from [Run]. Every other driver runs it at once:
// the caller checks the rows affected as ever.
//
// The first statement of a transaction is not queued, and takes the lock that
// others wait for. Else nothing of it may have reached the server when f has
// decided, and all of it, COMMIT included, happens when nobody is there any more.
//
//nolint:contextcheck,nolintlint // tx has the context of its transaction; contextcheck reads this for the callers
func Queue(tx *gorm.DB, n int64) *gorm.DB {
	return tx.WithContext(context.WithValue(tx.Statement.Context, queueKey{}, n))
}

// Queued says whether a statement with ctx may be kept back, and how many rows it
// must write. It is for drivers.
func Queued(ctx context.Context) (n int64, ok bool) {
	n, ok = ctx.Value(queueKey{}).(int64)
	return n, ok
}
