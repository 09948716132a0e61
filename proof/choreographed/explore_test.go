package choreographed_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event/eventtest/explore"
)

var (
	faults = flag.Int("faults", 2, "how many faults a schedule has at most")
	sample = flag.Int("sample", 1500, "how many schedules of each size are tried; 0 is all")
	seed   = flag.Uint64("seed", 1, "draws the sample")
	line   = flag.String("schedule", "", "the one schedule to run")
)

// TestMain lets the heap grow: most of it is garbage.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

func explorer(t *testing.T) explore.Explorer {
	t.Helper()
	return explore.Explorer{
		New:    func(r *explore.Registry) (explore.Subject, error) { return newSubject(t, r) },
		Faults: *faults, Sample: *sample, Seed: *seed,
	}
}

// No schedule of faults breaks a choreographed order: each of one fault, and by default a
// sample of those of two that hits every reaction with every kind of fault.
func TestNoScheduleOfFaultsBreaksAChoreographedOrder(t *testing.T) {
	t.Parallel()
	e := explorer(t)
	if *line != "" {
		f, err := e.Replay(t.Context(), *line)
		require.NoError(t, err)
		if f != nil {
			require.NoError(t, f)
		}
		return
	}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
	if len(report.Sizes) > 1 {
		require.False(t, report.Sizes[1].Sampled, "every schedule of one fault is tried")
	}
}
