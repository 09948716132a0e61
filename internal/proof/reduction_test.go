package proof_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/workflows"
)

var reduction = flag.Int("reduction", 1, "up to how many faults the explorer is compared with itself without its reduction")

// noting is a subject that notes every run, and lets none of them fail the
// exploration, so that it goes on to the end.
type noting struct {
	*subject
	runs *runs
}

type runs struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]string
}

func (n *noting) Check(ctx context.Context, end sagatest.End) error {
	var v workflows.OrderView
	if err := end.Result(&v); err != nil {
		return err
	}
	v.CreatedAt, v.UpdatedAt = time.Time{}, time.Time{} // the database's, in real time
	for i := range v.Parcels {
		v.Parcels[i].TrackingNumber = "" // random
	}
	result, err := json.Marshal(v)
	if err != nil {
		return err
	}
	run := fmt.Sprint(end.Calls, end.Runs, string(result), n.subject.Check(ctx, end))
	n.runs.mu.Lock()
	defer n.runs.mu.Unlock()
	n.runs.all[sha256.Sum256([]byte(run))] = end.Faults.String()
	return nil
}

// The schedules that the explorer leaves out because they would be the same run
// as another one are: all calls, the result with its times and what the
// invariants say are those of one that is tried.
func TestTheReductionLosesNoRunOfAnOrder(t *testing.T) {
	t.Parallel()

	explore := func(unreduced bool) (map[[sha256.Size]byte]string, sagatest.Report) {
		seen := &runs{all: map[[sha256.Size]byte]string{}}
		e := explorer(t)
		e.Faults, e.Sample, e.Dense, e.Unreduced = *reduction, 0, 0, unreduced
		e.New = func() (sagatest.Subject, error) {
			s, err := newSubject(t)
			return &noting{s, seen}, err
		}
		r, err := e.Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, r.Failure)
		require.NoError(t, r.Valid(e))
		return seen.all, r
	}
	all, unreduced := explore(true)
	some, reduced := explore(false)
	for run, by := range all {
		_, ok := some[run]
		require.True(t, ok, "the run of %q is none of those with it", by)
	}
	require.Len(t, some, len(all))
	if *reduction > 1 {
		require.Less(t, reduced.Schedules, unreduced.Schedules)
	}
	fmt.Fprintf(os.Stdout, "reduction: %d schedules of up to %d faults without it, %d with it, %d different runs in both\n",
		unreduced.Schedules, *reduction, reduced.Schedules, len(all))
}
