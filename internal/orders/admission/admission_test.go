package admission

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// bench is a gate with a clock and a backlog that the test sets.
type bench struct {
	*Gate

	mu      sync.Mutex
	at      time.Time
	backlog Estimate
}

func setup(change ...func(*Config)) *bench {
	b := &bench{at: time.Unix(1_700_000_000, 0)}
	c := DefaultConfig()
	c.Wait = time.Millisecond
	for _, f := range change {
		f(&c)
	}
	b.Gate = New(c, func(context.Context) Estimate { return b.backlog }, b.now)
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

// round lets in as many placements as come, up to n, which all take a time.
func (b *bench) round(t *testing.T, n int, took time.Duration) (in int) {
	t.Helper()
	var turns []*Turn
	for range n {
		turn, err := b.Enter(t.Context())
		if err != nil {
			require.ErrorIs(t, err, ErrBusy)
			break
		}
		turns = append(turns, turn)
	}
	b.pass(took)
	for _, turn := range turns {
		turn.Placed()
		turn.Leave()
	}
	return len(turns)
}

func TestGate(t *testing.T) {
	t.Parallel()

	t.Run("LetsInFewerWhenPlacementsAreSlowDownToItsLeast", func(t *testing.T) {
		t.Parallel()
		b := setup()
		require.Equal(t, 16, b.round(t, 100, 2*time.Second))
		require.Equal(t, 11, b.round(t, 100, 2*time.Second), "once for all that were in flight together")
		for range 10 {
			b.round(t, 100, 2*time.Second)
		}
		require.Equal(t, 4, b.round(t, 100, 2*time.Second))
		require.Equal(t, State{Limit: 4, Busy: b.State(t.Context()).Busy}, b.State(t.Context()))
	})

	t.Run("LetsInMoreWhileTheyAreQuickUpToItsMost", func(t *testing.T) {
		t.Parallel()
		b := setup(func(c *Config) { c.Most = 40 })
		require.Equal(t, 16, b.round(t, 100, 50*time.Millisecond))
		grown := b.round(t, 100, 50*time.Millisecond)
		require.Greater(t, grown, 16)
		for range 100 {
			b.round(t, 100, 50*time.Millisecond)
		}
		require.Equal(t, 40, b.round(t, 100, 50*time.Millisecond))
	})

	t.Run("GrowsSlowlyOnceItKnowsTheLimit", func(t *testing.T) {
		t.Parallel()
		b := setup()
		b.round(t, 100, 2*time.Second)
		require.Equal(t, 11, b.round(t, 100, 50*time.Millisecond))
		require.InDelta(t, 11, b.round(t, 100, 50*time.Millisecond), 1)
	})

	t.Run("DoesNotGrowUnused", func(t *testing.T) {
		t.Parallel()
		b := setup()
		for range 1000 {
			require.Equal(t, 2, b.round(t, 2, time.Millisecond))
		}
		require.Equal(t, 16, b.State(t.Context()).Limit)
	})

	t.Run("CountsALostPlacementAsSlow", func(t *testing.T) {
		t.Parallel()
		b := setup()
		turn, err := b.Enter(t.Context())
		require.NoError(t, err)
		turn.Lost()
		turn.Leave()
		require.Equal(t, 11, b.State(t.Context()).Limit)
	})

	t.Run("LetsAPlacementWaitForItsTurn", func(t *testing.T) {
		t.Parallel()
		b := setup(func(c *Config) { c.Least, c.Most, c.Wait = 1, 1, 10*time.Second })
		first, err := b.Enter(t.Context())
		require.NoError(t, err)
		entered := make(chan error, 1)
		go func() {
			turn, err := b.Enter(t.Context())
			if err == nil {
				turn.Leave()
			}
			entered <- err
		}()
		require.Eventually(t, func() bool { return b.State(t.Context()).Waiting == 1 }, time.Minute, time.Millisecond)
		first.Leave()
		require.NoError(t, <-entered)
		require.Zero(t, b.State(t.Context()).InFlight)
	})

	t.Run("ForgetsAClientThatLeft", func(t *testing.T) {
		t.Parallel()
		b := setup(func(c *Config) { c.Least, c.Most, c.Wait = 1, 1, 10*time.Second })
		_, err := b.Enter(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.Enter(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, State{Limit: 1, InFlight: 1}, b.State(t.Context()))
	})

	t.Run("LetsInAsManyAsWorkersTakeBehindABacklog", func(t *testing.T) {
		t.Parallel()
		for wait, want := range map[int]int{5: 100, 6: 56, 10: 40, 15: 20, 20: 0, 99: 0} { // of 100 in 10 s
			b := setup()
			b.backlog = Estimate{Wait: seconds(wait), Rate: 4}
			in := 0
			for range 100 {
				b.pass(100 * time.Millisecond)
				if turn, err := b.Enter(t.Context()); err == nil {
					in++
					turn.Leave()
				} else {
					require.ErrorIs(t, err, ErrBacklog)
				}
			}
			require.InDelta(t, want, in, 2, "behind %d s", wait)
			require.EqualValues(t, 100-in, b.State(t.Context()).Backlogged)
		}
	})

	t.Run("NeverLetsInMoreThanItsLimitAtATime", func(t *testing.T) {
		t.Parallel()
		b := setup(func(c *Config) { c.Least, c.Most, c.Wait = 3, 3, 10*time.Second })
		var wg sync.WaitGroup
		var mu sync.Mutex
		in, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			in += n
			most = max(most, in)
		}
		for range 20 {
			wg.Go(func() {
				for range 100 {
					if turn, err := b.Enter(t.Context()); err == nil {
						count(1)
						count(-1)
						turn.Leave()
					}
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, most, 3)
		require.Equal(t, State{Limit: 3}, b.State(t.Context()))
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	require.NoError(t, DefaultConfig().Validate())
	require.EqualError(t, Config{Least: 2, Most: 1, Wait: time.Minute}.Validate(), "placements in flight: 2 to 1 is no range from 1 to 100000\n"+
		"placement latency 0s is below 1ms\nwait for a placement's turn 1m0s is not between 0 and 10s\nbacklog 0s is below 1s")
}

// line is a queue in which tasks arrive all the time, each served in its turn.
type line struct {
	age      time.Duration // of its head
	dispatch float32
	err      error
}

func TestBacklog(t *testing.T) {
	t.Parallel()

	queue := Queue{Name: "payment"}
	setup := func() (*Backlog, *line, func(time.Duration) Estimate) {
		l, at := &line{dispatch: 1}, time.Unix(1_700_000_000, 0)
		b := NewBacklog(func(_ context.Context, r *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error) {
			stats := &taskqueuepb.TaskQueueStats{ApproximateBacklogAge: durationpb.New(l.age), TasksDispatchRate: l.dispatch}
			if !r.GetReportStats() {
				stats = nil
			}
			return &workflowservice.DescribeTaskQueueResponse{Stats: stats}, l.err
		}, "default", []Queue{queue}, func() time.Time { return at })
		return b, l, func(passed time.Duration) Estimate {
			at = at.Add(passed)
			b.asked = at // so that Estimate does not ask beside this
			b.ask(context.Background())
			return b.Estimate(context.Background())
		}
	}
	steps := func(ages ...int) (last time.Duration) {
		_, l, after := setup()
		for _, age := range ages {
			l.age = seconds(age)
			last = after(askEvery).Wait
		}
		return last
	}

	require.Zero(t, steps(0, 0, 0), "an empty queue")
	require.Zero(t, steps(0, 4), "a worker that restarts, perhaps")
	require.Equal(t, 24*time.Second, steps(0, 4, 8), "three times as many arrive as are served")
	require.Zero(t, steps(0, 6, 12, 18), "no worker takes tasks: a deploy, and no overload")
	require.Zero(t, steps(0, 5, 0), "a worker that restarted")
	require.Equal(t, 10*time.Second, steps(30, 20, 10), "it gets shorter")

	t.Run("IsThatOfAllStepsAtTheRateOfTheSlowest", func(t *testing.T) {
		t.Parallel()
		at, ages := time.Unix(1_700_000_000, 0), map[string]time.Duration{"payment": 4 * time.Second, "shipping": time.Second}
		b := NewBacklog(func(_ context.Context, r *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error) {
			return &workflowservice.DescribeTaskQueueResponse{Stats: &taskqueuepb.TaskQueueStats{
				ApproximateBacklogAge: durationpb.New(ages[r.GetTaskQueue().GetName()]), TasksDispatchRate: float32(len(r.GetTaskQueue().GetName())),
			}}, nil
		}, "default", []Queue{queue, {Name: "shipping"}}, func() time.Time { return at })
		for range 2 {
			at = at.Add(askEvery)
			b.asked = at
			b.ask(t.Context())
		}
		require.Equal(t, Estimate{Wait: 5 * time.Second, Rate: 7}, b.Estimate(t.Context()))
	})

	t.Run("IsNotSlowWhereNoTaskWasDispatched", func(t *testing.T) {
		t.Parallel()
		_, l, after := setup()
		l.dispatch = 0
		for _, age := range []int{0, 5, 10} {
			l.age = seconds(age)
			require.Zero(t, after(askEvery))
		}
	})

	t.Run("IsForgottenWhenTheEngineDoesNotAnswer", func(t *testing.T) {
		t.Parallel()
		_, l, after := setup()
		for _, age := range []int{0, 4, 8} {
			l.age = seconds(age)
			after(askEvery)
		}
		l.err = errors.New("it is overloaded")
		require.Positive(t, after(askEvery).Wait, "for a moment the last answer counts")
		require.Zero(t, after(forgetAfter))
	})

	t.Run("IsAskedInTheBackground", func(t *testing.T) {
		t.Parallel()
		asked := make(chan struct{}, 10)
		b := NewBacklog(func(context.Context, *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error) {
			asked <- struct{}{}
			return &workflowservice.DescribeTaskQueueResponse{}, nil
		}, "default", []Queue{queue}, time.Now)
		for range 5 {
			require.Zero(t, b.Estimate(t.Context()))
		}
		<-asked
		require.Empty(t, asked, "once for all that come at a time")
	})
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
