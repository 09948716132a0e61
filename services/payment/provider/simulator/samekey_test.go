package simulator_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// The book has two unique constraints that a capture could meet: its key, and
// one capture per authorization. Repeats at the same moment must meet neither as
// an error.
func TestTwentyCapturesOfOneKeyAreOneAndAllSucceed(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for round := range 10 {
			key := "same-" + string(rune('a'+round))
			b.authorize(t, key, simulator.TokenVisa)
			var references [20]string
			var failed atomic.Value
			race(20, func(i int) {
				e, err := b.Capture(t.Context(), provider.Capture{Key: key + "-capture", Authorization: key, Amount: eur})
				if err != nil {
					failed.Store(err)
				}
				references[i] = e.Reference
			})
			require.Nil(t, failed.Load())
			for _, r := range references {
				require.Equal(t, references[0], r)
			}
			require.Equal(t, provider.Captured, b.state(t, key+"-capture"))
		}
	})
}
