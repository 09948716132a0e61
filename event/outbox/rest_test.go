package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/outbox"
)

func TestARelayRestsBetweenTheRoundsOfABurst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		bus := &counting{Memory: eventtest.NewMemory()}
		idle(t, outbox.NewRelay(db, bus, woken()))
		began := time.Now()
		for i := range 200 {
			require.NoError(t, tell(t.Context(), db, some(i, 1, 200)...))
		}
		eventually(t, func() bool { return len(bus.Stored()) == 200 })
		require.LessOrEqual(t, bus.batches.Load(), 2+int64(time.Since(began)/(15*time.Millisecond)))
		require.Zero(t, requireAll(t, bus.Stored(), 200, 200))
	})
}
