package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

func TestTheDatabaseRefusesASecondPostingOfTheSameEvent(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		for _, kind := range []string{"hold", "release", "capture"} {
			err := b.db.Exec(`INSERT INTO postings (set_id, line, payment_id, kind, account, amount, currency, created_at)
				SELECT 'again', 1, payment_id, ?, 'funds_held', 1, 'EUR', created_at FROM postings WHERE line = 1 AND kind = 'hold'`, kind).Error
			require.ErrorIs(t, err, gorm.ErrDuplicatedKey, kind)
		}
	})
}
