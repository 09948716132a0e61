package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping/carrier/simulator"
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

	dbtest.Each(t, simulator.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := simulator.New(db, simulator.Options{})
		for _, key := range []string{"a", "a/shipping.book/BER", "a/x", "a-b/x", "a.", "a0", "ab", "b", "c/x", "d"} {
			_, err := s.Book(t.Context(), key, parcel("10115"))
			require.NoError(t, err)
		}
		var found []string
		all, err := s.LinesOf(t.Context(), []string{"a", "c", "nobody"})
		require.NoError(t, err)
		for _, line := range all {
			found = append(found, line.Key)
		}
		require.Equal(t, []string{"a", "a/shipping.book/BER", "a/x", "c/x"}, found)

		if db.Name() != "sqlite" { // which decides without statistics
			return
		}
		var sent statement
		_, err = simulator.New(db.Session(&gorm.Session{Logger: &sent}), simulator.Options{}).LinesOf(t.Context(), []string{"a", "c"})
		require.NoError(t, err)
		var steps []struct{ Detail string }
		require.NoError(t, db.Raw("EXPLAIN QUERY PLAN "+sent.sql).Scan(&steps).Error)
		require.Contains(t, steps, struct{ Detail string }{"SEARCH line USING INDEX sqlite_autoindex_bookings_1 (booking_key>? AND booking_key<?)"}, "not every row is read")
	})
}
