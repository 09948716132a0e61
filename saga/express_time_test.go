package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
)

// limitedTo returns the options' plan with another limit for the tries of all steps.
func limitedTo(d time.Duration) (saga.Plan, func(workflow.Context) error) {
	price, seat, room, guide, pay, ship := price, seat, room, guide, pay, ship
	price.Express, seat.Express, room.Express, guide.Express, pay.Express, ship.Express = d, d, d, d, d, d
	body := func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, price, "lisbon"); err != nil {
			return err
		}
		s, r := saga.Go(ctx, seat, 1), saga.Go(ctx, room, 1)
		if _, err := s.Get(ctx); err != nil {
			return err
		}
		if _, err := r.Get(ctx); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, guide, 1); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, pay, 1); err != nil {
			return err
		}
		_, err := saga.Do(ctx, ship, saga.None{})
		return err
	}
	return saga.NewPlan(price, seat, room, guide, pay, ship).OnAbort(sorry), body
}

// The tries of one workflow task have three seconds, together.
func TestTheTriesOfATaskAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes   map[string]time.Duration
		guide   time.Duration // its limit
		durable []string
	}{
		"TheLastTryHasTheRest": {
			takes: map[string]time.Duration{"price": time.Second, "seat": time.Second, "guide": 900 * time.Millisecond},
			guide: time.Second, durable: []string{"pay"},
		},
		"ParallelTriesCountOnce": {
			takes: map[string]time.Duration{"price": time.Second, "seat": 1500 * time.Millisecond, "room": 1499 * time.Millisecond},
			guide: 500 * time.Millisecond,
		},
		"AStepThatFindsTooLittleTimeIsDurableAtOnce": {
			takes: map[string]time.Duration{"price": 1900 * time.Millisecond, "room": 900 * time.Millisecond},
			guide: 5 * time.Second, durable: []string{"guide"},
		},
		"AFurtherTaskHasItsOwn": {
			takes: map[string]time.Duration{"price": 1500 * time.Millisecond, "seat": 1500 * time.Millisecond, "pay": 1500 * time.Millisecond, "ship": 1500 * time.Millisecond},
			guide: 5 * time.Second, durable: []string{"guide"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := express(t)
			b.options.Plan, b.body = limitedTo(2 * time.Second)
			s.takes = c.takes
			require.Equal(t, saga.Committed, b.run(t).Phase)
			require.Equal(t, c.durable, s.durable())
			require.Equal(t, c.guide, s.limits["guide"], "an ordinary attempt has five seconds")
		})
	}
}

// Local steps keep their workflow task too.
func TestALocalStepUsesTheTimeOfTheTries(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	hello := saga.Step[string, string]{Name: "note", Kind: saga.Recorded}
	b.options.Plan, b.options.Express = saga.NewPlan(hello, seat, ship), []string{"seat", "ship"}
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, hello, ""); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, seat, 1); err != nil {
			return err
		}
		_, err := saga.Do(ctx, ship, saga.None{})
		return err
	}
	s.takes = map[string]time.Duration{"note": 2900 * time.Millisecond}
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []string{"seat"}, s.durable(), "seat finds a tenth of a second, and ends the task")
}

// A step that waits for its siblings before the point of no return is in time only if
// they are.
func TestAPivotThatWaitedForATryIsDecidedInTime(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	b.body = func(ctx workflow.Context) error {
		saga.Go(ctx, seat, 1)
		_, err := saga.Do(ctx, pay, 1)
		return err
	}
	b.options.DecideBy = b.env.Now().Add(500 * time.Millisecond)
	s.takes = map[string]time.Duration{"seat": 600 * time.Millisecond}
	v := b.run(t)
	require.Equal(t, saga.Deadline, v.Reason)
	require.Empty(t, s.of("pay"))
	require.Equal(t, "seat=undone pay=blocked", b.ledger("seat", "pay"))
}
