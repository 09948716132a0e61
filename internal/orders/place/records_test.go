package place

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/services/order"
)

// kept is an order service that has the record of every order.
type kept struct{ records.Records }

func (kept) Get(ctx context.Context, id string) (order.Record, error) {
	return order.Record{ID: id, Status: order.Pending}, ctx.Err()
}

// Under load the first look at a record waits, and a start may have taken nearly all of the
// time of the placement. The order is stored by then, so its customer must learn that.
func TestARecordIsLookedForWithinTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	for _, left := range []time.Duration{mostHead, 100 * time.Millisecond, 2 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := &Placer{records: records.New(kept{}, time.Second), config: Config{Now: time.Now}}
			for range 20 {
				p.pace.found(time.Now(), 10*time.Second) // the platform is slow
			}
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			began := time.Now()
			placed, err := p.recorded(ctx, "o1", nil)
			require.NoError(t, err, left)
			require.Equal(t, "o1", placed.order.ID)
			require.Equal(t, left/2, time.Since(began))
		})
	}
}
