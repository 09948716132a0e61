package retry_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/retry"
	"github.com/amends/amends/fault"
)

var (
	away    = fault.Errorf(fault.Transient, fault.Unavailable, "away")
	lost    = fault.Errorf(fault.Unknown, fault.Timeout, "lost")
	refused = fault.Errorf(fault.Business, fault.NotFound, "refused")
)

// fails is a call that fails n times.
func fails(err error, n int32) (call func(context.Context) (string, error), calls *atomic.Int32) {
	calls = new(atomic.Int32)
	return func(context.Context) (string, error) {
		if calls.Add(1) <= n {
			return "", err
		}
		return "answer", nil
	}, calls
}

func TestDo(t *testing.T) {
	t.Parallel()

	t.Run("RepeatsFailuresThatMayPass", func(t *testing.T) {
		t.Parallel()
		for _, err := range []error{away, lost, context.DeadlineExceeded} {
			call, calls := fails(err, 2)
			v, err := retry.Do(retry.Allow(t.Context()), retry.New(), call)
			require.NoError(t, err)
			require.Equal(t, "answer", v)
			require.EqualValues(t, 3, calls.Load())
		}
	})

	t.Run("RepeatsNothingElse", func(t *testing.T) {
		t.Parallel()
		call, calls := fails(refused, 1)
		_, err := retry.Do(retry.Allow(t.Context()), retry.New(), call)
		require.ErrorIs(t, err, refused)
		require.EqualValues(t, 1, calls.Load())
	})

	t.Run("RepeatsNoOperationThatIsNotIdempotent", func(t *testing.T) {
		t.Parallel()
		call, calls := fails(away, 1)
		_, err := retry.Do(t.Context(), retry.New(), call)
		require.ErrorIs(t, err, away)
		require.EqualValues(t, 1, calls.Load())
	})

	t.Run("GivesUpWithTheLastError", func(t *testing.T) {
		t.Parallel()
		call, calls := fails(away, 100)
		_, err := retry.Do(retry.Allow(t.Context()), retry.New(), call)
		require.ErrorIs(t, err, away)
		require.EqualValues(t, 3, calls.Load())
	})

	t.Run("StopsWhenItsRequestEnds", func(t *testing.T) {
		t.Parallel()
		ctx, leave := context.WithCancel(retry.Allow(t.Context()))
		call, calls := fails(away, 100)
		_, err := retry.Do(ctx, retry.New(), func(ctx context.Context) (string, error) {
			leave()
			return call(ctx)
		})
		require.ErrorIs(t, err, away)
		require.EqualValues(t, 1, calls.Load())
	})

	t.Run("KeepsToItsBudget", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ calls, repeats int32 }{{3, 3}, {10, 3}, {100, 25}} { // 25 of 125 in flight are a fifth
			synctest.Test(t, func(t *testing.T) {
				retries := retry.New()
				var repeats atomic.Int32
				var wg sync.WaitGroup
				for range c.calls {
					wg.Go(func() {
						attempt := 0
						_, err := retry.Do(retry.Allow(t.Context()), retries, func(context.Context) (string, error) {
							if attempt++; attempt == 1 {
								<-time.After(time.Second) // of a bubble: all fail at the same time
								return "", away
							}
							repeats.Add(1)
							<-time.After(time.Minute)
							return "", refused
						})
						if !errors.Is(err, refused) {
							require.ErrorIs(t, err, away, "the service's answer, and none of the budget")
						}
					})
				}
				wg.Wait()
				require.InDelta(t, c.repeats, repeats.Load(), 1, "of %d calls", c.calls)
			})
		}
	})
}
