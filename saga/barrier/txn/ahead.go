package txn

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

// ErrMissed is the error of a statement that travelled behind another one, see [Ahead],
// which has not written its row.
var ErrMissed = errors.New("the statement ahead has not written its row")

// Expect runs f in one transaction, behind a statement that almost always writes its
// one row; wrote reports whether it has. So f begins before the answer, and the
// statement travels with the first query of f. If it has not written its row, the
// transaction is rolled back and runs again, with the answer. A fault of kind business
// may come from an f that did not have the answer: the caller asks anew. The first query
// of f must not wait for a lock of others, because it is made in vain then.
func Expect(ctx context.Context, db *gorm.DB, first func(tx *gorm.DB) (bool, error), f func(tx *gorm.DB, wrote bool) error) error {
	ahead := func(tx *gorm.DB) (bool, error) { return first(Ahead(tx)) }
	err := Await(ctx, db, ahead, func(tx *gorm.DB, wrote bool) error {
		err := f(tx, wrote)
		answered := errors.Is(err, ErrMissed) || SQLState(err) != "" // by a query, and with it the first statement
		if err == nil || fault.KindOf(err) == fault.Business || answered {
			return err
		}
		// f may have failed before its first query, where only this answer leads to.
		if answer := tx.Exec("SELECT 1").Error; errors.Is(answer, ErrMissed) {
			return answer
		}
		return err
	})
	if errors.Is(err, ErrMissed) {
		err = Await(ctx, db, first, f)
	}
	return err
}

// Await is [Expect] for an f that begins with the answer.
func Await(ctx context.Context, db *gorm.DB, first func(tx *gorm.DB) (bool, error), f func(tx *gorm.DB, wrote bool) error) error {
	return Run(ctx, db, func(tx *gorm.DB) error {
		wrote, err := first(tx)
		if err != nil {
			return err
		}
		return f(tx, wrote)
	})
}

type aheadKey struct{}

// Ahead returns tx for one statement that almost always writes exactly one row, and
// whose caller goes on as if it had. A driver that knows of it (see [IsAhead]) holds the
// statement back and sends it with the next query, whose error is [ErrMissed] if no row
// was written; so is that of each further statement, and of COMMIT. Before any other
// statement, and before COMMIT, it is sent by itself, so nothing is written on the
// assumption. Every other driver runs it at once, so the caller still
// checks the rows affected.
//
//nolint:contextcheck,nolintlint // tx has the context of its transaction; contextcheck reads this for the callers
func Ahead(tx *gorm.DB) *gorm.DB {
	return tx.WithContext(context.WithValue(tx.Statement.Context, aheadKey{}, true))
}

// IsAhead reports whether a statement with ctx may be sent with the next query. It is
// for drivers.
func IsAhead(ctx context.Context) bool {
	ahead, _ := ctx.Value(aheadKey{}).(bool)
	return ahead
}
