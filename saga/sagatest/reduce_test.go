package sagatest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
)

// noted is a ticket that notes every run, and lets none of them fail the
// exploration, so that it goes on to the end.
type noted struct {
	*ticket
	runs *runs
}

type runs struct {
	mu        sync.Mutex
	all, ends map[string]bool
	judged    map[string]sagatest.Schedule
}

func noRuns() *runs {
	return &runs{all: map[string]bool{}, ends: map[string]bool{}, judged: map[string]sagatest.Schedule{}}
}

// hits are how often each kind hit in a run that was judged.
func (r *runs) hits() map[sagatest.Kind]int {
	all := map[sagatest.Kind]int{}
	for _, s := range r.judged {
		for _, f := range s {
			all[f.Kind]++
		}
	}
	return all
}

func (n *noted) Check(ctx context.Context, end sagatest.End) error {
	var v saga.View
	if err := end.Result(&v); err != nil {
		return err
	}
	result, err := json.Marshal(v)
	if err != nil {
		return err
	}
	how := fmt.Sprint(string(result), n.ticket.Check(ctx, end))
	n.runs.mu.Lock()
	defer n.runs.mu.Unlock()
	n.runs.judged[end.Faults.String()] = slices.Clone(end.Faults)
	n.runs.all[fmt.Sprint(end.Calls, end.Runs, how)] = true
	n.runs.ends[fmt.Sprint(how, n.books())] = true
	return nil
}

// printed is one whose worlds are compared.
type printed struct {
	*noted
	blind bool // to its books
}

func (p *printed) Fingerprint(context.Context) ([]byte, error) {
	if p.blind {
		return nil, nil
	}
	return p.print(), nil
}

// explored notes how all schedules of up to two faults go.
func explored(t *testing.T, broken string, unreduced bool, over func(*noted) sagatest.Subject) (*runs, sagatest.Report) {
	t.Helper()
	seen := noRuns()
	e := explorer(broken, 2)
	e.New = func() (sagatest.Subject, error) { return over(&noted{&ticket{broken: broken}, seen}), nil }
	e.Unreduced = unreduced
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	if r.Failure != nil {
		require.NoError(t, r.Failure)
	}
	require.NoError(t, r.Valid())
	return seen, r
}

func plain(n *noted) sagatest.Subject { return n }

// TestTheReductionLosesNoRun compares runs, down to the times in the result: each
// one without the reduction is one with it. With equal worlds only the ends can
// be compared, result, books and verdict: the way there is that of another run.
func TestTheReductionLosesNoRun(t *testing.T) {
	t.Parallel()

	for _, broken := range []string{"", "no undo", "no barrier", "no fence"} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			all, unreduced := explored(t, broken, true, plain)
			some, reduced := explored(t, broken, false, plain)
			require.Equal(t, all.all, some.all)
			require.Less(t, reduced.Schedules, unreduced.Schedules)
			require.Positive(t, reduced.Same)

			fewer, compared := explored(t, broken, false, func(n *noted) sagatest.Subject { return &printed{noted: n} })
			require.Equal(t, all.ends, fewer.ends)
			require.Less(t, compared.Schedules+compared.Ended, reduced.Schedules)
			require.Less(t, len(fewer.all), len(some.all), "runs end at worlds that are known")
			require.Positive(t, compared.Ended)
			require.Len(t, fewer.judged, compared.Schedules, "what ended at a known world was not judged")
			require.Equal(t, fewer.hits(), compared.Hits)
			require.Len(t, some.judged, reduced.Schedules)
			require.Equal(t, some.hits(), reduced.Hits)
			require.Zero(t, reduced.Ended)
		})
	}
}

// A fingerprint that leaves something out makes worlds equal that are not, and
// the comparison finds that.
func TestABlindFingerprintLosesEnds(t *testing.T) {
	t.Parallel()

	all, _ := explored(t, "no fence", true, plain)
	some, _ := explored(t, "no fence", false, func(n *noted) sagatest.Subject { return &printed{noted: n, blind: true} })
	require.NotEqual(t, all.ends, some.ends)
}

// The exploration finds the same failure, whether worlds are compared or not.
func TestABrokenSagaIsCaughtBesideEqualWorlds(t *testing.T) {
	t.Parallel()

	for _, broken := range []string{"no undo", "no barrier", "no fence"} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			e := explorer(broken, 2)
			plain, err := e.Run(t.Context())
			require.NoError(t, err)
			e.New = func() (sagatest.Subject, error) { return &judged{&ticket{broken: broken}}, nil }
			compared, err := e.Run(t.Context())
			require.NoError(t, err)
			require.NotNil(t, compared.Failure)
			require.Len(t, compared.Failure.Schedule, len(plain.Failure.Schedule))
			require.Equal(t, plain.Failure.Err.Error(), compared.Failure.Err.Error())
		})
	}
}

// judged is a ticket whose worlds are compared.
type judged struct{ *ticket }

func (j *judged) Fingerprint(context.Context) ([]byte, error) { return j.print(), nil }

func TestTheMiddleOfAnOutageIsLeftOutAndCounted(t *testing.T) {
	t.Parallel()

	sizes := func(dense int) (schedules, leftOut int) {
		e := explorer("", 2)
		e.Dense = dense
		r, err := e.Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, r.Failure)
		return r.Schedules, r.LeftOut
	}
	all, none := sizes(2)
	require.Zero(t, none)
	some, left := sizes(1)
	require.Positive(t, left)
	require.Equal(t, all, some+left)
}
