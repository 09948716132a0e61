package barrier_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
)

var (
	randomRuns = flag.Int("barrier.random", 300, "how many random interleavings of six calls to play")
	randomSeed = flag.Uint64("barrier.seed", 1, "what the random interleavings are drawn with")
)

// meetings are the calls that meet, by the state that they find. An effect that refuses or
// fails matters only where it runs. After an undo every do is late.
var meetings = []struct {
	finds  string
	before start
	calls  []op
}{
	{"nothing", nil, []op{do, doRefuse, doFail, undo, settle, lateDo}},
	{"done", start{do}, []op{do, undo, settle, lateDo}},
	{"refused", start{doRefuse}, []op{do, undo, settle, lateDo}},
	{"undone", start{do, undo}, []op{lateDo, undo, settle}},
	{"blocked", start{undo}, []op{lateDo, undo, settle}},
}

// TestEveryInterleavingOfTwoCalls lets every two calls of one key meet, whatever
// they find, in every order of their statements (on SQLite, of their transactions).
func TestEveryInterleavingOfTwoCalls(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, m := range meetings {
			t.Run(engine+"/"+m.finds, func(t *testing.T) {
				t.Parallel()
				s, began := newStage(t, dsn(t)), time.Now()
				for i, first := range m.calls {
					for _, second := range m.calls[i:] {
						ops, before := []op{first, second}, s.runs
						if !possible(m.before, ops) {
							continue
						}
						require.NoError(t, s.every(t.Context(), m.before, ops, violated))
						t.Logf("%4d interleavings of %s and %s", s.runs-before, first, second)
					}
				}
				s.report(t, began)
				if s.fine() && (m.finds == "nothing" || m.finds == "done") {
					require.NotZero(t, s.waits, "nobody waited for a lock: that was no race")
				}
			})
		}
	}
}

// possible says whether the late ones of ops may ever start.
func possible(before start, ops []op) bool {
	late := slices.ContainsFunc(ops, func(o op) bool { return o.late })
	return !late || slices.ContainsFunc(slices.Concat(before, ops), func(o op) bool { return o.decides })
}

// report prints the work of a stage and its speed.
func (s *stage) report(t *testing.T, began time.Time) {
	t.Helper()
	took := time.Since(began)
	t.Logf("%d interleavings, %d statements, %d waits for a lock, %s, %.0f interleavings/s",
		s.runs, s.steps, s.waits, took.Round(time.Millisecond), float64(s.runs)/took.Seconds())
}

// TestEveryOrderOfSixTransactions lets the six calls follow each other in every
// order, on SQLite, where transactions cannot do more.
func TestEveryOrderOfSixTransactions(t *testing.T) {
	t.Parallel()
	s, began := newStage(t, dbtest.SQLite(t)), time.Now()
	require.NoError(t, s.every(t.Context(), nil, []op{do, do, undo, undo, settle, lateDo}, violated))
	require.Equal(t, 1280, s.runs, "of 720 orders a third has the late do before both undos; what others do while a settle reads what it found adds to the rest")
	s.report(t, began)
}

// six draws the six calls that meet: two dos, which may be declined or fail, two
// undos, a settle and a zombie.
func six(r *rand.Rand) []op {
	dos := []op{do, do, doRefuse, doFail}
	return []op{dos[r.IntN(len(dos))], dos[r.IntN(len(dos))], undo, undo, settle, lateDo}
}

// TestRandomInterleavingsOfSixCalls lets six calls of one key meet in random orders
// of their statements. When two of them wait for the same lock, PostgreSQL chooses
// who gets it: the seed gives the same choices, not always the same run.
func TestRandomInterleavingsOfSixCalls(t *testing.T) {
	t.Parallel()
	began := time.Now()
	const stages = 2
	var wg sync.WaitGroup
	var all [stages]*stage
	for n := range stages {
		all[n] = newStage(t, dbtest.Postgres(t))
	}
	for n, s := range all {
		wg.Go(func() {
			for i := n; i < *randomRuns; i += stages {
				if err := s.sampled(t.Context(), *randomSeed, uint64(i), six, violated); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sum := all[0]
	for _, s := range all[1:] {
		sum.tally = tally{sum.runs + s.runs, sum.steps + s.steps, sum.waits + s.waits}
	}
	sum.report(t, began)
	require.Equal(t, *randomRuns, sum.runs)
	t.Logf("seed %d", *randomSeed)
}
