package load

import (
	"context"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

// stall makes the platform stop answering for a while, once, from that order on.
func (p *platform) stall(from string, d time.Duration) {
	var stalled atomic.Bool
	over := make(chan struct{})
	p.place = func(_ http.ResponseWriter, key string, attempt int) bool {
		if key[len(key)-len(from):] == from && attempt == 1 {
			stalled.Store(true)
			time.AfterFunc(d, func() { close(over) })
		}
		if stalled.Load() {
			<-over
		}
		return false
	}
}

func TestAStallIsChargedToAllOrdersDueInIt(t *testing.T) {
	t.Parallel()

	t.Run("AtAConstantRate", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.stall("-000050", time.Second)
		// One at a time, as a client with one connection would: the schedule goes on.
		r := p.load(t, Options{Rate: 100, Orders: 150, MaxInFlight: 1, Until: UntilAcknowledged})
		require.NoError(t, r.Err())
		require.Equal(t, "accounted", r.CoordinatedOmission)
		require.Greater(t, r.Acknowledgement.P95, 700.0)
		require.Greater(t, r.Acknowledgement.P50, 100.0, "most came in the stall")
		require.Greater(t, r.StartDelay.P95, 500.0, "and it is said that they were sent late")
	})

	t.Run("ButNotInAClosedLoop", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.stall("-000050", time.Second)
		r := p.load(t, Options{Concurrency: 1, Orders: 200, Until: UntilAcknowledged})
		require.Equal(t, "not_accounted", r.CoordinatedOmission)
		require.Less(t, r.Acknowledgement.P95, 500.0, "one order saw it")
		require.Greater(t, r.Acknowledgement.Max, 900.0)
	})
}

func TestALateAcknowledgement(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	// The placement arrives, and its answer does not.
	p.place = func(w http.ResponseWriter, key string, attempt int) bool {
		if !third(key) || attempt > 1 {
			return false
		}
		p.accept(key, newPlan(t, key))
		panic(http.ErrAbortHandler)
	}
	r := p.load(t, Options{Until: UntilAcknowledged})
	require.NoError(t, r.Err())
	require.Equal(t, 40, r.Acknowledged)
	require.Equal(t, 1, r.Retries)
	require.Equal(t, 1, r.Replayed, "its repeat found the order")
	require.Equal(t, []CallErrors{{callPlace, codeConnection, 1}}, r.Errors)
	require.GreaterOrEqual(t, r.Acknowledgement.Max, 50.0, "the pause before the repeat is part of it")
}

func TestAnAnswerThatDoesNotComeIsATimeout(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	p.place = func(_ http.ResponseWriter, key string, attempt int) bool {
		if third(key) && attempt == 1 {
			<-over
		}
		return false
	}
	r := p.load(t, Options{Until: UntilAcknowledged, RequestTimeout: 3 * time.Second})
	require.NoError(t, r.Err())
	require.Equal(t, []CallErrors{{callPlace, codeTimeout, 1}}, r.Errors)
	require.Greater(t, r.Acknowledgement.Max, 3000.0)
}

func TestRetryAfterIsKeptTo(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.place = func(w http.ResponseWriter, _ string, attempt int) bool {
		if attempt == 1 {
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE")
		}
		return attempt == 1
	}
	r := p.load(t, Options{Orders: 2, Until: UntilAcknowledged})
	require.NoError(t, r.Err())
	require.Equal(t, 2, r.Retries)
	require.GreaterOrEqual(t, r.Acknowledgement.P50, 1000.0)
}

func TestTheSampleSaysWhatIsMeasured(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		o                                Options
		acknowledged, decision, recorded int64
		waiting                          int
	}{
		"All":          {Options{Sample: 1}, 40, 40, 40, 40},
		"None":         {Options{Sample: 0}, 0, 40, 0, 40},
		"Acknowledged": {Options{Until: UntilAcknowledged}, 40, 0, 40, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			p.decideAfter = 250 * time.Millisecond
			r := p.load(t, test.o)
			require.NoError(t, r.Err())
			require.Equal(t, test.acknowledged, r.Acknowledgement.Count)
			require.Equal(t, test.decision, r.Decision.Count)
			require.Equal(t, test.recorded, r.Recorded.Count)
			require.Equal(t, test.waiting, p.waiting)
			for _, l := range []Latency{r.Decision, r.Recorded} {
				require.True(t, l.Count == 0 || l.P50 >= 250, "%v", l)
			}
			require.True(t, r.Acknowledgement.Count == 0 || r.Acknowledgement.P50 < 250, "%v", r.Acknowledgement)
		})
	}
}

func TestPace(t *testing.T) {
	t.Parallel()

	t.Run("OfAnOpenLoopIsConstant", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		r := p.load(t, Options{Rate: 50, Duration: time.Second, Until: UntilAcknowledged})
		require.NoError(t, r.Err())
		require.Equal(t, 50, r.Placed, "the schedule says how many, not the machine")
		require.Greater(t, r.PlacingSeconds, 0.97, "the last one is due then, and not sent before")
	})

	t.Run("OfAClosedLoopEndsInTime", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		r := p.load(t, Options{Concurrency: 2, Duration: time.Second})
		require.NoError(t, r.Err())
		require.Greater(t, r.Placed, 2)
		require.GreaterOrEqual(t, r.PlacingSeconds, 1.0)
		require.Less(t, r.PlacingSeconds, 30.0, "on a busy machine the last answer is late")
	})

	t.Run("CountsWhatCustomersSawIfItIsInterrupted", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := Run(ctx, Options{BaseURL: p.url, Orders: 100_000, Concurrency: 4, Every: 5 * time.Millisecond, Progress: func(p Progress) {
			if p.Decided >= 8 {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.GreaterOrEqual(t, r.Decided, 8)
		require.Equal(t, r.Decided, int(r.Decision.Count), "every decision that a customer saw")
		require.Equal(t, r.Placed, r.Unchecked)
		require.Contains(t, r.Outcomes, Outcome{Status: string(order.Confirmed), Count: r.Decided})
		require.Zero(t, r.DecidedPerSecond)
		require.Empty(t, r.Violations)
	})

	t.Run("EndsWithTheContext", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.decideAfter = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var told atomic.Int64
		r, err := Run(ctx, Options{BaseURL: p.url, Orders: 1000, Concurrency: 4, Sample: 1, Every: 10 * time.Millisecond, Progress: func(p Progress) {
			told.Add(1)
			if p.Acknowledged >= 4 {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.Less(t, time.Since(began), DefaultWait/2, "nobody waits for what is not decided")
		require.Equal(t, 4, r.Acknowledged, "four wait for their decision")
		require.Positive(t, told.Load())
	})
}

func TestAHistogramKeepsThreeDigits(t *testing.T) {
	t.Parallel()
	h := newHistogram()
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	h.add(0)
	h.add(48 * time.Hour) // as long as the longest
	l := h.latency()
	require.EqualValues(t, 1002, l.Count)
	for want, got := range map[float64]float64{500: l.P50, 951: l.P95, 991: l.P99, float64(longest.Milliseconds()): l.Max} {
		require.Less(t, math.Abs(got-want)/want, 0.002, "%v", l)
	}
}

func TestABacklogIsPolledModerately(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.decideAfter = 3 * time.Second
	r := p.load(t, Options{Orders: 400, Concurrency: 8, Until: UntilAcknowledged})
	require.NoError(t, r.Err())
	require.Equal(t, 400, r.Decided)
	require.Less(t, r.Requests, 400+400+200, "each is asked for once, and few while they are undecided")
}

func TestWhatIsStuckHidesNothingBehindIt(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.placed = func(o *fakeOrder) {
		if o.key < "load-"+o.key[5:15]+"-000100" {
			o.after = time.Hour
		}
	}
	p.shown = func(key string, _ *client.Order) bool { return key[len(key)-7:] == "-000399" }
	r := p.load(t, Options{Orders: 400, Concurrency: 8, Until: UntilAcknowledged, Wait: time.Second})
	count := map[Fault]int{}
	for _, v := range r.Violations {
		count[v.Fault]++
	}
	require.Equal(t, map[Fault]int{Undecided: 100, Lost: 1}, count)
}

func TestAnOverload(t *testing.T) {
	t.Parallel()
	full := func(code string, from int) func(http.ResponseWriter, string, int) bool {
		return func(w http.ResponseWriter, key string, attempt int) bool {
			if third(key) && attempt >= from {
				refuse(w, http.StatusServiceUnavailable, code)
				return true
			}
			return false
		}
	}

	t.Run("IsRepeatedWithTheSameKeyAndCounted", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = full("OVERLOADED", 1)
		r := p.load(t, Options{Attempts: 3})
		require.NoError(t, r.Err())
		require.Equal(t, 39, r.Acknowledged)
		r.Overload.Refusal = Latency{}
		require.Equal(t, Overload{Answers: 3, TurnedAway: 1, InTime: 39}, r.Overload)
	})

	t.Run("MakesImpatientCustomersLeave", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = full("OVERLOADED", 1)
		r := p.load(t, Options{Attempts: 3, LeaveOverloaded: true})
		require.Equal(t, 1, r.Overload.Answers)
		require.Equal(t, 1, r.Overload.TurnedAway)
	})

	t.Run("TurnsAwayAnOrderBeyondAQuota", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = full("QUOTA_EXCEEDED", 1)
		r := p.load(t, Options{Attempts: 1})
		require.Equal(t, 1, r.Overload.TurnedAway)
		require.Zero(t, r.Overload.Unknown)
	})

	t.Run("LeavesAnOrderUnknownIfOneAnswerDid", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = func(w http.ResponseWriter, key string, attempt int) bool {
			code := "OVERLOADED"
			if attempt == 1 {
				code = "PLACEMENT_UNKNOWN"
			}
			return full(code, 1)(w, key, attempt)
		}
		r := p.load(t, Options{Attempts: 2})
		require.Equal(t, 1, r.Overload.Unknown)
		require.Zero(t, r.Overload.TurnedAway)
	})

	t.Run("IsNotDecidedInTimeAtTheDeadline", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.end = end{order.Cancelled, order.Deadline}
			}
		}
		r := p.load(t, Options{})
		require.Equal(t, 39, r.Overload.InTime)
		only(t, r, Wrong, "is CANCELLED DEADLINE, and must be CONFIRMED")
	})
}
