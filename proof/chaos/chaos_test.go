package chaos

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	forFlag    = flag.Duration("chaos.for", 22*time.Second, "how long faults are begun, and orders placed")
	ordersFlag = flag.Int("chaos.orders", 64, "how many orders are placed")
	seedFlag   = flag.Uint64("chaos.seed", 0, "what draws the schedule; 0 is a random seed")
	plantFlag  = flag.String("chaos.plant", "", "damage to do before the judgement: lost-order, double-capture, held-stock, lost-refund, double-refund, lost-event, doubled-event, stale-read-model, lost-mail, lost-refund-mail or doubled-mail")
)

func TestChaos(t *testing.T) { //nolint:paralleltest // it measures how long things take
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64() >> 32 // short enough to type
	}
	t.Logf("seed %d: make chaos FOR=%s ORDERS=%d SEED=%d", seed, *forFlag, *ordersFlag, seed)
	r := Run(t, Options{
		Seed: seed, For: *forFlag, Orders: *ordersFlag, Timing: Hasty(), Plant: Plant(*plantFlag), Where: Prepare(t),
	})
	t.Logf("%s", r)
	require.NoError(t, r.Err(), "seed %d", seed)
}
