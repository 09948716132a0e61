package shipping_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/progress"
	"github.com/amends/amends/services/shipping"
)

// warehouses returns the codes of n warehouses, in order.
func warehouses(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("W%03d", i)
	}
	return all
}

// maxParcels is the most that an order may have: one for each of its lines.
const maxParcels = 200

// cut is a step whose every attempt dies after some calls to the carrier, as it does
// when its time is up: the calls under way are lost, and so are their replies.
type cut struct {
	testBundle
	calls    int // of one attempt
	attempts int
	reached  int // the progress that was reported
}

// attempt makes one attempt, by a service of its own.
func (c *cut) attempt(t *testing.T, h hooks, f func(ctx context.Context, s *shipping.Outside) error) error {
	t.Helper()

	ctx, die := context.WithCancel(t.Context())
	defer die()
	var made atomic.Int64
	before := h.before
	h.before = func(ctx context.Context, call, key string) error {
		if made.Add(1) > int64(c.calls) {
			die()
			return ctx.Err()
		}
		if before != nil {
			return before(ctx, call, key)
		}
		return nil
	}
	s, u := c.service(h, shipping.Options{})
	var mu sync.Mutex
	c.attempts++
	require.Less(t, c.attempts, 100, "the attempts get nowhere")
	err := f(progress.With(ctx, func(done int) {
		mu.Lock()
		defer mu.Unlock()
		c.reached = max(c.reached, done)
	}), s)
	running, _ := u.running()
	require.Zero(t, running, "no call outlives its attempt")
	return err
}

// insist makes attempts until the step is decided. Each one gets further than the one
// before, or ends the step.
func (c *cut) insist(t *testing.T, h hooks, f func(ctx context.Context, s *shipping.Outside) error) error {
	t.Helper()

	c.attempts, c.reached = 0, 0
	for {
		before := c.reached
		err := c.attempt(t, h, f)
		if kind := fault.KindOf(err); kind != fault.Transient && kind != fault.Unknown {
			return err
		}
		require.Greater(t, c.reached, before, "attempt %d has recorded nothing: %v", c.attempts, err)
	}
}

func TestManyParcels(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		for _, n := range []int{81, maxParcels} {
			req, k := request("10115", warehouses(n)...), step(fmt.Sprintf("many %d", n))
			c := &cut{testBundle: b, calls: n / 4}
			book := func(ctx context.Context, s *shipping.Outside) error {
				_, err := s.Book(ctx, k, req)
				return err
			}
			cancel := func(ctx context.Context, s *shipping.Outside) error { return s.Cancel(ctx, k) }

			t.Run(fmt.Sprintf("AreBookedByAttemptsThatAreCutShort, %d", n), func(t *testing.T) {
				require.NoError(t, c.insist(t, hooks{}, book))
				require.Greater(t, c.attempts, 3, "one attempt has too little time")
				require.Len(t, b.agree(t, t.Context()), n)
			})
			t.Run(fmt.Sprintf("AreCancelledByAttemptsThatAreCutShort, %d", n), func(t *testing.T) {
				require.NoError(t, c.insist(t, hooks{}, cancel))
				require.Greater(t, c.attempts, 3)
				require.Empty(t, b.agree(t, t.Context()))
				require.Equal(t, "undone", b.barrier(t, k))
			})
		}

		const n = 81
		req := request("10115", warehouses(n)...)
		t.Run("AreCancelledInTheMiddle", func(t *testing.T) {
			k, c := step("middle"), &cut{testBundle: b, calls: n / 4}
			for range 2 {
				err := c.attempt(t, hooks{}, func(ctx context.Context, s *shipping.Outside) error {
					_, err := s.Book(ctx, k, req)
					return err
				})
				require.Equal(t, fault.Unknown, fault.KindOf(err))
			}
			require.NotZero(t, c.reached)
			require.NoError(t, c.insist(t, hooks{}, func(ctx context.Context, s *shipping.Outside) error { return s.Cancel(ctx, k) }))
			require.Empty(t, b.agree(t, t.Context()))
			require.Equal(t, "undone", b.barrier(t, k))
		})
		t.Run("AreTakenBackWhenTheLastIsRefused", func(t *testing.T) {
			k, c := step("last refused"), &cut{testBundle: b, calls: n / 4}
			err := c.insist(t, hooks{before: on("book", "W080", errRefused)}, func(ctx context.Context, s *shipping.Outside) error {
				_, err := s.Book(ctx, k, req)
				return err
			})
			require.Equal(t, shipping.Undeliverable, fault.CodeOf(err))
			require.Greater(t, c.attempts, 6)
			require.Empty(t, b.agree(t, t.Context()))
			require.Equal(t, "refused", b.barrier(t, k))
		})
		t.Run("AskTheCarrierOnlyAboutUnknownOutcomes", func(t *testing.T) {
			k := step("one unknown")
			failing, _ := b.service(hooks{after: on("book", "W007", errLost)}, shipping.Options{})
			_, err := failing.Book(t.Context(), k, req)
			require.Equal(t, shipping.CarrierTimeout, fault.CodeOf(err))
			s, u := b.wellBehaved()
			_, err = s.Book(t.Context(), k, req)
			require.NoError(t, err)
			require.Equal(t, 1, u.total(), "the others are recorded")

			failing, _ = b.service(hooks{after: on("cancel", "W007", errLost)}, shipping.Options{})
			require.Equal(t, shipping.CarrierTimeout, fault.CodeOf(failing.Cancel(t.Context(), k)))
			s, u = b.wellBehaved()
			require.NoError(t, s.Cancel(t.Context(), k))
			require.Equal(t, 1, u.total(), "the others are recorded")
			require.Empty(t, b.agree(t, t.Context()))
		})
	})
}
