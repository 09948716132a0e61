package txn_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

func TestAfter(t *testing.T) {
	t.Parallel()

	t.Run("RunsOnceBehindTheCommitInOrder", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			var ran []string
			runs := 0
			require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				require.NoError(t, add(tx, 1))
				runs++
				require.NoError(t, txn.After(tx, func() {
					require.Equal(t, 1, balance(t, db, 1), "another connection sees the commit")
					ran = append(ran, "first")
				}))
				require.NoError(t, txn.After(txn.Queue(tx, 1), func() { ran = append(ran, "second") }))
				require.Empty(t, ran)
				if runs < 3 {
					return stateError("40001") // its functions are forgotten
				}
				return nil
			}))
			require.Equal(t, []string{"first", "second"}, ran)
		})
	})

	t.Run("NeverRunsAfterARollback", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			refused := fault.Errorf(fault.Business, "OUT_OF_STOCK", "none left")
			require.ErrorIs(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				require.NoError(t, txn.After(tx, func() { t.Error("it was rolled back") }))
				return refused
			}), refused)
		})
	})

	t.Run("IsABugWithoutRun", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			require.Equal(t, fault.Bug, fault.KindOf(txn.After(db.WithContext(t.Context()), func() {})))
			require.NoError(t, txn.Retry(t.Context(), db, func(db *gorm.DB) error {
				require.Equal(t, fault.Bug, fault.KindOf(txn.After(db, func() {})))
				return nil
			}))
		})
	})
}
