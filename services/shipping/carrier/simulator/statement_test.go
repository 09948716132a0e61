package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

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
		plans := dbtest.Plans(t, db, func(db *gorm.DB) {
			_, err := simulator.New(db, simulator.Options{}).LinesOf(t.Context(), []string{"a", "c"})
			require.NoError(t, err)
		})
		require.Contains(t, plans[len(plans)-1], "SEARCH line USING INDEX sqlite_autoindex_bookings_1 (booking_key>? AND booking_key<?)\n", "not every row is read")
	})
}
