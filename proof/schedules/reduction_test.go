package schedules_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/workflows"
)

var reduction = flag.Int("reduction", 1, "up to how many faults the explorer is compared with itself without its reduction")

// noting is a subject that records every run and its end. It fails none of them,
// so that the exploration runs to completion.
type noting struct {
	*subject
	runs *runs
}

type runs struct {
	mu        sync.Mutex
	all, ends map[[sha256.Size]byte]string
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
	how := fmt.Sprint(string(result), n.subject.Check(ctx, end))
	state, err := n.Fingerprint(ctx)
	if err != nil {
		return err
	}
	n.runs.mu.Lock()
	defer n.runs.mu.Unlock()
	n.runs.all[sha256.Sum256(fmt.Append(nil, end.Calls, end.Runs, how))] = end.Faults.String()
	n.runs.ends[sha256.Sum256(append(chance.ReplaceAll(state, nil), how...))] = end.Faults.String()
	return nil
}

// chance matches the values that differ in each run: generated ids, and the real
// time.
var chance = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|20[1-9][0-9]-[0-9]{2}-[0-9]{2}[T ][0-9:.]{8,15}(Z|[+-][0-9]{2}:[0-9]{2})?`)

// uncompared is a subject whose worlds are not compared.
type uncompared struct {
	sagatest.Subject
	sagatest.Refuser
	sagatest.Disturber
}

// blind is a subject that compares worlds without the services' databases.
type blind struct{ *noting }

func (b *blind) Fingerprint(context.Context) ([]byte, error) { return fmt.Append(nil, b.Refusals), nil }

func exploreNoting(t *testing.T, express []string, unreduced bool, over func(*noting) sagatest.Subject) (*runs, sagatest.Report) {
	t.Helper()
	seen := &runs{all: map[[sha256.Size]byte]string{}, ends: map[[sha256.Size]byte]string{}}
	e := explorer(t)
	e.Faults, e.Sample, e.Dense, e.Unreduced, e.Unsteered = *reduction, 0, 0, unreduced, true
	e.New = func() (sagatest.Subject, error) {
		s, err := newSubject(t)
		s.express = express
		return over(&noting{s, seen}), err
	}
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.Failure)
	require.NoError(t, r.Valid())
	return seen, r
}

// The explorer leaves out schedules that would repeat the run of another one: all
// calls, the result with its times, and the verdict on the invariants are those of
// a schedule that it tries. It also leaves out schedules that reach the same world
// as another one; those end like it, with the same result, databases and verdict.
func TestTheReductionLosesNoRunOfAnOrder(t *testing.T) {
	t.Parallel()

	loseNoRun(t, "durable", nil)
}

// Nor of one whose steps are express.
func TestTheReductionLosesNoRunOfAnExpressOrder(t *testing.T) {
	t.Parallel()

	loseNoRun(t, "express", workflows.ExpressSteps())
}

func loseNoRun(t *testing.T, name string, express []string) {
	t.Helper()
	all, unreduced := exploreNoting(t, express, true, func(n *noting) sagatest.Subject { return n })
	some, reduced := exploreNoting(t, express, false, func(n *noting) sagatest.Subject { return &uncompared{n, n, n} })
	fewer, compared := exploreNoting(t, express, false, func(n *noting) sagatest.Subject { return n })
	for run, by := range all.all {
		_, ok := some.all[run]
		require.True(t, ok, "the run of %q is none of those with it", by)
	}
	require.Len(t, some.all, len(all.all))
	for end, by := range all.ends {
		_, ok := fewer.ends[end]
		require.True(t, ok, "the end of %q is none of those with equal worlds", by)
	}
	require.Len(t, fewer.ends, len(all.ends))
	if *reduction > 1 {
		require.Less(t, reduced.Schedules, unreduced.Schedules)
		require.Less(t, compared.Schedules+compared.Ended, reduced.Schedules)
		require.Less(t, len(fewer.all), len(some.all), "runs end at worlds that are known")
		// The comparison notices a fingerprint that leaves something out.
		lost, _ := exploreNoting(t, express, false, func(n *noting) sagatest.Subject { return &blind{n} })
		require.Less(t, len(lost.ends), len(all.ends))
	}
	fmt.Fprintf(os.Stdout, "reduction: "+name+" orders, %d schedules of up to %d faults without it, with %d different runs and %d different ends; "+
		"the same runs with %d schedules, and the same ends with %d, and %d that ended at a known world\n",
		unreduced.Schedules, *reduction, len(all.all), len(all.ends), reduced.Schedules, compared.Schedules, compared.Ended)
}
