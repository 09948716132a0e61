package barrier_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

// sagas numbers the sagas of a benchmark: each has a key of its own, also when the
// benchmark is run several times.
var sagas atomic.Int64

var errNotRefused = errors.New("it was not refused")

func doOnce(ctx context.Context, step testBundle) error {
	_, err := barrier.Do(ctx, step.db, step.call(), step.reserve)
	return err
}

// BenchmarkBarrier calls one step after the other, on a PostgreSQL that does not
// wait for the disk and on a SQLite file: the rest is round trips and work.
// Effects write one line, so that no transaction is empty.
func BenchmarkBarrier(b *testing.B) {
	engines := []struct {
		name string
		dsn  func(testing.TB) string
	}{{"postgres", dbtest.Postgres}, {"sqlite", dbtest.SQLite}}
	calls := []struct {
		name string
		same bool // every call is of the same key
		call func(ctx context.Context, step testBundle) error
	}{
		{"Do", false, doOnce},
		{"DoAgain", true, doOnce},
		{"DoRefused", false, func(ctx context.Context, step testBundle) error {
			if _, err := barrier.Do(ctx, step.db, step.call(), step.refuse); err == nil {
				return errNotRefused
			}
			return nil
		}},
		{"DoThenUndo", false, func(ctx context.Context, step testBundle) error {
			if err := doOnce(ctx, step); err != nil {
				return err
			}
			return barrier.Undo(ctx, step.db, step.key, step.release)
		}},
		{"UndoOfNothing", false, func(ctx context.Context, step testBundle) error {
			return barrier.Undo(ctx, step.db, step.key, step.release)
		}},
	}
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			db := dbtest.Open(b, engine.dsn(b), database.Options{})
			require.NoError(b, migrate(b.Context(), db))
			for _, c := range calls {
				b.Run(c.name, func(b *testing.B) {
					step := testBundle{db: db, key: barrier.Key{Step: c.name}}
					for b.Loop() {
						if step.key.Saga == "" || !c.same {
							step.key.Saga = strconv.FormatInt(sagas.Add(1), 10)
						}
						if err := c.call(b.Context(), step); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
