package chaos_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/chaos"
	"github.com/amends/amends/internal/pgserver"
	"github.com/amends/amends/internal/temporalserver"
)

var (
	forFlag    = flag.Duration("chaos.for", 22*time.Second, "how long faults are begun, and orders placed")
	ordersFlag = flag.Int("chaos.orders", 48, "how many orders are placed")
	seedFlag   = flag.Uint64("chaos.seed", 0, "what draws the schedule; 0 is a random seed")
	plantFlag  = flag.String("chaos.plant", "", "damage to do before the judgement: lost-order, double-capture or held-stock")
)

func TestChaos(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64() >> 32 // short enough to type
	}
	t.Logf("seed %d: make chaos FOR=%s ORDERS=%d SEED=%d", seed, *forFlag, *ordersFlag, seed)
	r := chaos.Run(t, chaos.Options{
		Seed: seed, For: *forFlag, Orders: *ordersFlag, Timing: chaos.Hasty(), Plant: chaos.Plant(*plantFlag), Where: where(t),
	})
	t.Logf("%s", r)
	require.NoError(t, r.Err(), "seed %d", seed)
}

// where prepares a place for a platform. It is kept if the test fails.
func where(t *testing.T) chaos.Where {
	t.Helper()
	built, err := filepath.Abs("../../bin")
	require.NoError(t, err)
	binaries, err := temporalserver.Find(built)
	if errors.Is(err, temporalserver.ErrNotBuilt) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	if _, err := pgserver.Find(); errors.Is(err, pgserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "amends-chaos-") //nolint:usetesting // PostgreSQL's own user must get there, and a failure is kept
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("kept: %s", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	amends := filepath.Join(dir, "amends")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", amends, "../../cmd/amends").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return chaos.Where{Dir: dir, Amends: amends, Binaries: binaries}
}
