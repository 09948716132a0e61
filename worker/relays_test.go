package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/eventtest/faults"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/worker/registry"
)

// tellProduct tells one fact in the catalog's database.
func tellProduct(t *testing.T, o Options) {
	t.Helper()
	require.NoError(t, With(t.Context(), o, "catalog", func(s *registry.Stores) error {
		return txn.Run(t.Context(), s.Own, func(tx *gorm.DB) error {
			return outbox.Tell(tx, catalog.ProductChangedFact.At("MUG", "", 1, catalog.ProductData{}))
		})
	}))
}

// TestAGroupPublishesWhatItsServicesTell: also events that were told before it ran, by
// another process, and while the broker was away.
func TestAGroupPublishesWhatItsServicesTell(t *testing.T) {
	t.Parallel()
	o := options(t, "catalog", "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	tellProduct(t, o)
	stored := eventtest.NewMemory()
	broker := faults.New(stored)
	broker.Away(true)
	o.Bus = broker
	g, err := New(o)
	require.NoError(t, err)
	stop := start(t, g, connect(t, &flickering{}))
	require.Empty(t, stored.Stored(), "the group is ready without its broker")

	broker.Away(false)
	tellProduct(t, o)
	require.Eventually(t, func() bool { return len(stored.Stored()) == 2 }, patience, 10*time.Millisecond)
	require.Empty(t, g.Warnings())
	stop()
}
