package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/provider/simulator"
)

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
		plans := dbtest.Plans(t, b.db, func(db *gorm.DB) {
			_, err := simulator.New(db, simulator.Options{}).LinesOf(t.Context(), []string{"a", "c"})
			require.NoError(t, err)
		})
		require.Contains(t, plans[len(plans)-1], "SEARCH line USING INDEX sqlite_autoindex_effects_1 (key>? AND key<?)\n", "not every row is read")
	})
}
