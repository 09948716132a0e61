package shed_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/shed"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// testBundle is a gate with a clock, and a handler that takes some of its time.
type testBundle struct {
	*shed.Gate

	pressed atomic.Bool
	at      time.Time
	took    time.Duration
	fails   error
}

func setup() *testBundle {
	b := &testBundle{at: time.Unix(1_700_000_000, 0)}
	b.Gate = shed.New(func(context.Context) bool { return b.pressed.Load() }, func() time.Time { return b.at })
	return b
}

// ask sends a request through the gate.
func (b *testBundle) ask(ctx context.Context, handler echo.HandlerFunc) error {
	through := b.Middleware
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	return through(handler)(echo.New().NewContext(r, httptest.NewRecorder()))
}

func (b *testBundle) answer(echo.Context) error {
	b.at = b.at.Add(b.took)
	return b.fails
}

func TestBrowsingGivesWay(t *testing.T) {
	t.Parallel()

	t.Run("WhilePlacementsWait", func(t *testing.T) {
		t.Parallel()
		b := setup()
		require.NoError(t, b.ask(t.Context(), b.answer))
		b.pressed.Store(true)
		refused := 0
		for range 100 {
			if err := b.ask(t.Context(), b.answer); err != nil {
				require.Equal(t, problem.ReducedCapacity, problem.Of(err).Code)
				refused++
			}
		}
		require.Equal(t, 98, refused, "all but the two that found it open")
		b.pressed.Store(false)
		require.NoError(t, b.ask(t.Context(), b.answer))
		require.EqualValues(t, refused, b.State(t.Context()).Backlogged)
	})

	t.Run("WhileServicesAreSlowOrFail", func(t *testing.T) {
		t.Parallel()
		away := fault.Errorf(fault.Transient, fault.Unavailable, "away")
		for _, c := range []struct {
			took time.Duration
			err  error
		}{{2 * time.Second, nil}, {0, away}} {
			b := setup()
			before := b.State(t.Context()).Limit
			b.took, b.fails = c.took, c.err
			for range 10 {
				require.ErrorIs(t, b.ask(t.Context(), b.answer), c.err)
				b.at = b.at.Add(time.Millisecond)
			}
			limit := b.State(t.Context()).Limit
			require.Less(t, limit, before)

			in, out := make(chan struct{}, limit), make(chan struct{})
			for range limit {
				go func() {
					_ = b.ask(context.WithoutCancel(t.Context()), func(echo.Context) error {
						in <- struct{}{}
						<-out
						return nil
					})
				}()
			}
			for range limit {
				<-in
			}
			require.Equal(t, problem.ReducedCapacity, problem.Of(b.ask(t.Context(), b.answer)).Code)
			close(out)
		}
	})

	t.Run("NotForABurst", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup()
			const page = 48
			require.Less(t, b.State(t.Context()).Limit, page)
			errs := make(chan error, page)
			for range page {
				go func() {
					errs <- b.ask(t.Context(), func(echo.Context) error {
						<-time.After(20 * time.Millisecond)
						return nil
					})
				}()
			}
			for range page {
				require.NoError(t, <-errs)
			}
		})
	})

	t.Run("NotForAPartThatHangs", func(t *testing.T) {
		t.Parallel()
		b := setup()
		limit := b.State(t.Context()).Limit
		in, out, errs := make(chan struct{}), make(chan struct{}), make(chan error, limit)
		for range limit {
			go func() {
				errs <- b.ask(context.WithoutCancel(t.Context()), func(echo.Context) error {
					in <- struct{}{}
					<-out
					return nil
				})
			}()
		}
		for range limit {
			<-in
		}
		b.at = b.at.Add(300 * time.Millisecond) // that an optional part may take
		close(out)
		for range limit {
			require.NoError(t, <-errs)
		}
		require.Greater(t, b.State(t.Context()).Limit, limit, "the gate opens")
	})

	t.Run("NotForRefusalsAndClientsThatLeave", func(t *testing.T) {
		t.Parallel()
		b := setup()
		before := b.State(t.Context()).Limit
		b.fails = problem.New(fault.NotFound, "")
		require.Error(t, b.ask(t.Context(), b.answer))
		ctx, leave := context.WithCancel(t.Context())
		require.Error(t, b.ask(ctx, func(echo.Context) error {
			leave()
			return ctx.Err()
		}))
		require.Equal(t, before, b.State(t.Context()).Limit)
	})
}
