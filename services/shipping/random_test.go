package shipping_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
)

// Whatever a carrier does to the calls of a step, and however its attempts and
// its cancel follow one another, the step ends in one answer, and then the
// carrier's book and ours say the same, row by row.
func TestBooksAgreeAfterRandomRuns(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		var sagas atomic.Int64
		rapid.Check(t, func(rt *rapid.T) {
			ctx := t.Context()
			k := step(fmt.Sprintf("random %d", sagas.Add(1)))
			warehouses := []string{"AMS", "BER", "CPH"}[:rapid.IntRange(1, 3).Draw(rt, "parcels")]
			req := request("10115", warehouses...)

			// Faults are drawn before they are needed: calls come in any order.
			faults := map[string]fate{}
			for _, call := range []string{"book", "cancel", "find", "forbid"} {
				for _, w := range warehouses {
					kinds := fates
					if call != "book" {
						kinds = fates[:4] // only a booking can be refused
					}
					faults[call+" "+w] = rapid.SampledFrom(kinds).Draw(rt, call+" "+w)
				}
			}
			var left atomic.Int64 // calls of the attempt under way before it dies
			var kill atomic.Pointer[context.CancelFunc]
			mishaps := misfortune(k.Child(""), faults)
			fate := mishaps.before
			mishaps.before = func(ctx context.Context, call, key string) error {
				if left.Add(-1) == 0 {
					(*kill.Load())()
				}
				return fate(ctx, call, key)
			}
			unruly, _ := b.service(mishaps, shipping.Options{MaxCalls: rapid.IntRange(1, 3).Draw(rt, "at a time")})
			calm, _ := b.wellBehaved()

			var answers []string // of the books that were decided, but for SUSPENDED
			run := func(ctx context.Context, s *shipping.Outside, cancel bool) error {
				if cancel {
					return s.Cancel(ctx, k)
				}
				_, err := s.Book(ctx, k, req)
				if kind := fault.KindOf(err); kind == "" || kind == fault.Business {
					answers = append(answers, string(fault.CodeOf(err)))
				}
				return err
			}
			cancels := false
			for i := range rapid.IntRange(1, 6).Draw(rt, "attempts") {
				cancel := rapid.Bool().Draw(rt, fmt.Sprintf("attempt %d cancels", i))
				cancels = cancels || cancel
				attempt, die := context.WithCancel(ctx)
				left.Store(rapid.Int64Range(1, 9).Draw(rt, fmt.Sprintf("attempt %d dies at call", i)))
				kill.Store(&die)
				_ = run(attempt, unruly, cancel) // it may fail: the test is about that
				die()
			}
			// A saga that began to undo goes on until it has.
			cancels = cancels || rapid.Bool().Draw(rt, "ends by a cancel")
			err := insist(rt, func() error { return run(ctx, calm, cancels) })
			if cancels {
				require.NoError(rt, err)
				require.Contains(rt, []fault.Kind{fault.Suspension, fault.Business}, fault.KindOf(run(ctx, calm, false)))
			}

			require.LessOrEqual(rt, len(slices.Compact(slices.Clone(answers))), 1, "one key, one answer: %v", answers)
			booked := 0
			for _, key := range b.agree(rt, ctx) {
				if strings.HasPrefix(key, k.Child("")) {
					booked++
				}
			}
			want := 0
			if !cancels && err == nil {
				want = len(warehouses)
			}
			require.Equal(rt, want, booked, "all or none")
		})
	})
}

// fate is the outcome of the first calls of one kind for one parcel.
type fate struct {
	when  string // "before" or "after" its effect; "" for never
	err   error
	times int
}

var fates = []fate{
	{},
	{"before", errDown, 1},
	{"before", errLost, 2},
	{"after", errLost, 1},
	{"before", errRefused, 1},
	{"after", errRefused, 1}, // a carrier that books and says that it did not
}

// misfortune makes the calls under the keys that begin with prefix meet their fate.
func misfortune(prefix string, faults map[string]fate) hooks {
	left := map[string]*atomic.Int64{}
	for name, f := range faults {
		left[name] = &atomic.Int64{}
		left[name].Store(int64(f.times))
	}
	at := func(when string) func(context.Context, string, string) error {
		return func(_ context.Context, call, key string) error {
			name := call + " " + key[len(prefix):]
			if f := faults[name]; f.when == when && left[name].Add(-1) >= 0 {
				return f.err
			}
			return nil
		}
	}
	return hooks{before: at("before"), after: at("after")}
}
