package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/services/payment/provider/simulator"
)

// statement keeps the last statement that a database was sent.
type statement struct {
	logger.Interface

	sql string
}

// Trace implements [logger.Interface].
func (s *statement) Trace(_ context.Context, _ time.Time, sent func() (string, int64), _ error) {
	s.sql, _ = sent()
}

func TestLinesOfKeysAreThoseBelowThem(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for _, key := range []string{"a", "a/payment.authorize", "a/x", "a-b/x", "a.", "a0", "ab", "b", "c/x", "d"} {
			_, err := b.Authorize(t.Context(), authorization(key, "tok_visa"))
			require.NoError(t, err)
		}
		var found []string
		all, err := b.LinesOf(t.Context(), []string{"a", "c", "nobody"})
		require.NoError(t, err)
		for _, line := range all {
			found = append(found, line.Key)
		}
		require.Equal(t, []string{"a", "a/payment.authorize", "a/x", "c/x"}, found)

		if b.db.Name() != "sqlite" { // which decides without statistics
			return
		}
		var sent statement
		_, err = simulator.New(b.db.Session(&gorm.Session{Logger: &sent}), simulator.Options{}).LinesOf(t.Context(), []string{"a", "c"})
		require.NoError(t, err)
		var steps []struct{ Detail string }
		require.NoError(t, b.db.Raw("EXPLAIN QUERY PLAN "+sent.sql).Scan(&steps).Error)
		require.Contains(t, steps, struct{ Detail string }{"SEARCH line USING INDEX sqlite_autoindex_effects_1 (key>? AND key<?)"}, "not every row is read")
	})
}
