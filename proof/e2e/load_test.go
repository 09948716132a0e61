package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/services/inventory"
)

// shelves are the products of shoptest.
var shelves = load.Shop{SKUs: []string{"TEA", "MUG", "KETTLE"}, SoldOut: "SOLD-OUT"}

func TestALoad(t *testing.T) {
	t.Parallel()

	for _, until := range []load.Until{load.UntilDecided, load.UntilAcknowledged} {
		t.Run("OfEveryKindEndsAsItMust/"+string(until), func(t *testing.T) {
			t.Parallel()
			p := newReadyPlatform(t)
			r, err := load.Run(t.Context(), load.Options{
				BaseURL: p.url, Orders: 50, Concurrency: 5, Seed: 1, Shop: shelves, Until: until, Sample: 0.5,
				Mix: load.Mix{load.Declined: 15, load.OutOfStock: 15, load.Undeliverable: 15, load.Cancelled: 15, load.Slow: 10, load.Duplicate: 15},
			})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Equal(t, []int{50, 50, 50}, []int{r.Placed, r.Acknowledged, r.Decided})
			require.Len(t, r.Kinds, 7, "the seed draws every kind: %v", r.Kinds)
			require.Len(t, allOrders(t, p.Shop), 50, "the book has one order for each")
			require.NoError(t, p.Check(t.Context()))

			if until == load.UntilDecided {
				require.EqualValues(t, 50, r.Decision.Count)
				require.Greater(t, r.Decision.P50, r.Acknowledgement.P50)
			} else {
				require.EqualValues(t, 50, r.Recorded.Count)
				require.Greater(t, r.Recorded.P50, r.Acknowledgement.P50)
			}
		})
	}

	t.Run("OnAHotItemSellsWhatIsLeft", func(t *testing.T) {
		t.Parallel()
		p := newReadyPlatform(t)
		_, err := p.Inventory.Receive(t.Context(), inventory.Delivery{SKU: "SOLD-OUT", Warehouse: "BER", Quantity: 7, By: "clerk"})
		require.NoError(t, err)
		r, err := load.Run(t.Context(), load.Options{
			BaseURL: p.url, Orders: 20, Concurrency: 20, Sample: 1, Hot: &load.Hot{SKU: "SOLD-OUT", Left: 7},
		})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		require.ElementsMatch(t, []load.Outcome{{Status: "CONFIRMED", Count: 7}, {Status: "CANCELLED", Reason: "OUT_OF_STOCK", Count: 13}}, r.Outcomes)
		require.NoError(t, p.Check(t.Context()))
	})

	t.Run("IsNotBelievedAboutStockThatIsNotThere", func(t *testing.T) {
		t.Parallel()
		p := newReadyPlatform(t)
		r, err := load.Run(t.Context(), load.Options{BaseURL: p.url, Orders: 3, Concurrency: 3, Hot: &load.Hot{SKU: "SOLD-OUT", Left: 2}})
		require.NoError(t, err)
		require.ErrorContains(t, r.Err(), "undersold: 0 of SOLD-OUT confirmed, 2 were left, 3 orders wanted one")
	})
}

// newReadyPlatform returns a platform that is ready, as `amends load` asks of it: the engine
// has heard of the workers.
func newReadyPlatform(t *testing.T) *platform {
	t.Helper()
	p := newPlatform(t, 10*time.Minute)
	eventually(t, "the platform is ready", func() bool {
		status, _ := fetch(t, p.url+"/readyz")
		return status == http.StatusOK
	})
	return p
}
