package limit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/limit"
	"github.com/amends/amends/internal/quota"
)

// testBundle is a limiter with a clock and a number of gateways that the test sets.
type testBundle struct {
	*limit.Limiter

	at       time.Time
	living   int
	observed []string
}

func setup(t *testing.T, change ...func(*limit.Config)) *testBundle {
	t.Helper()
	b := &testBundle{at: time.Unix(1_700_000_000, 0), living: 1}
	c := limit.Config{
		Classes:  map[string][]quota.Quota{"place": {{Name: "burst", Count: 10, Per: time.Second}, {Name: "sustained", Count: 60, Per: time.Minute}}},
		Callers:  100,
		Gateways: func() int { return b.living },
		Observe: func(class, quota string, shadow bool) {
			b.observed = append(b.observed, fmt.Sprint(class, " ", quota, " ", shadow))
		},
		Now: func() time.Time { return b.at },
	}
	for _, f := range change {
		f(&c)
	}
	var err error
	b.Limiter, err = limit.New(c)
	require.NoError(t, err)
	return b
}

func (b *testBundle) take(t *testing.T, caller string) limit.Decision {
	t.Helper()
	d, err := b.Take(t.Context(), "place", caller)
	require.NoError(t, err)
	return d
}

// passed takes n times, and returns how many passed.
func (b *testBundle) passed(t *testing.T, n int, caller string) (passed int) {
	t.Helper()
	for range n {
		if len(b.take(t, caller).Violated) == 0 {
			passed++
		}
	}
	return passed
}

func TestLimiter(t *testing.T) {
	t.Parallel()

	t.Run("TellsTheQuotasAndTheirState", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.Equal(t, limit.Decision{
			Policies: `"burst";q=10;w=1, "sustained";q=60;w=60`,
			State:    `"burst";r=9;t=1, "sustained";r=59;t=1`,
		}, b.take(t, "a"))
		require.Equal(t, 9, b.passed(t, 9, "a"))
		require.Equal(t, limit.Decision{
			Violated: []string{"burst"}, RetryAfter: 100 * time.Millisecond,
			Policies: `"burst";q=10;w=1, "sustained";q=60;w=60`, State: `"burst";r=0;t=1`,
		}, b.take(t, "a"))
		require.Equal(t, []string{"place burst false"}, b.observed)
	})

	t.Run("RequiresRoomInEveryQuota", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		passed := 0
		for range 20 {
			passed += b.passed(t, 20, "a")
			b.at = b.at.Add(time.Second)
		}
		require.Equal(t, 79, passed, "60 at once, and one a second")
		d := b.take(t, "a")
		for len(d.Violated) == 0 {
			d = b.take(t, "a")
		}
		require.Equal(t, []string{"sustained"}, d.Violated)
		b.at = b.at.Add(d.RetryAfter)
		require.Empty(t, b.take(t, "a").Violated, "it came back when it was told to")
	})

	t.Run("ARefusalCostsNothingOfTheLongerWindows", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.passed(t, 1000, "a")
		b.at = b.at.Add(time.Second)
		require.Equal(t, `"burst";r=9;t=1, "sustained";r=50;t=10`, b.take(t, "a").State)
	})

	t.Run("CountsCallersAndClassesApart", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.Equal(t, 10, b.passed(t, 100, "a"))
		require.Equal(t, 10, b.passed(t, 100, "b"))
		d, err := b.Take(t.Context(), "other", "a")
		require.NoError(t, err)
		require.Equal(t, limit.Decision{}, d, "a class without quotas has no limit")
	})

	t.Run("GrantsItsShareAndTellsIt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.living = 3
		require.Equal(t, `"burst";q=3;w=1, "sustained";q=20;w=60`, b.take(t, "a").Policies)
		b.living = 40
		require.Equal(t, `"burst";q=1;w=4, "sustained";q=1;w=60`, b.take(t, "b").Policies, "one at least, less often")
		b.living = 0
		require.Equal(t, `"burst";q=10;w=1, "sustained";q=60;w=60`, b.take(t, "c").Policies)
	})

	t.Run("KeepsTheUsedPartWhenTheShareChanges", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *limit.Config) {
			c.Classes = map[string][]quota.Quota{"place": {{Name: "sustained", Count: 90, Per: time.Minute}}}
		})
		b.living = 3
		require.Equal(t, 15, b.passed(t, 15, "a"), "half of 30")
		b.living = 1
		require.InDelta(t, 45, b.passed(t, 100, "a"), 1, "half of 90")
		b.living = 3
		require.Zero(t, b.passed(t, 100, "a"))
	})

	t.Run("OnlyObservesAClassInItsShadow", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *limit.Config) { c.Shadow = []string{"place"} })
		for range 12 {
			require.Equal(t, limit.Decision{}, b.take(t, "a"))
		}
		require.Equal(t, []string{"place burst true", "place burst true"}, b.observed)
	})

	t.Run("ForgetsTheCallerThatCalledLeastRecently", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *limit.Config) { c.Callers, c.Classes["place"] = 2, c.Classes["place"][:1] })
		b.passed(t, 100, "a")
		b.passed(t, 100, "b")
		require.Zero(t, b.passed(t, 1, "a"))
		b.passed(t, 100, "c")
		require.Zero(t, b.passed(t, 1, "a"), "it called after b")
		require.Equal(t, 10, b.passed(t, 100, "b"))
	})

	t.Run("LetsExactlyAQuotaPassAtTheSameTime", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *limit.Config) { c.Observe = func(string, string, bool) {} })
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					if d, err := b.Take(t.Context(), "place", "a"); err == nil && len(d.Violated) == 0 {
						passed.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 10, passed.Load())
	})
}
