package txn_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

func TestExecTakesTheSameTextOnEveryDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		raise := func(tx *gorm.DB, by ...any) (int64, error) { // more than nine arguments
			return txn.Exec(tx, "UPDATE account SET balance = balance + ? + ? + ? + ? + ? + ? + ? + ? + ? + ? + ? WHERE id < ?", append(by, 3)...)
		}
		rows, err := raise(db.WithContext(t.Context()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7)
		require.NoError(t, err)
		require.EqualValues(t, 2, rows)
		require.Equal(t, 7, balance(t, db, 1))

		require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
			rows, err := raise(txn.Queue(tx, 2), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
			require.EqualValues(t, 2, rows)
			return err
		}))
		require.Equal(t, 18, balance(t, db, 2))

		_, err = txn.Exec(db.WithContext(t.Context()), "UPDATE account SET balance = ?", nil)
		require.Error(t, err, "a balance is a number")
		require.Equal(t, 18, balance(t, db, 2))
	})
}
