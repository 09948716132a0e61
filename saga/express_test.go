package saga_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// express sets up a trip whose steps are all express.
func express(t *testing.T) (*testBundle, *spy) {
	t.Helper()
	b := setup(t)
	b.options.Express = []string{"price", "seat", "room", "guide", "pay", "ship"}
	return b, b.watch(t)
}

// durable returns the activities that were scheduled on queues, in order.
func (s *spy) durable() (names []string) {
	for _, c := range s.scheduled {
		if !c.local {
			names = append(names, c.activity)
		}
	}
	return names
}

func TestAnExpressSagaNeedsNoQueueIfAllGoesWell(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Empty(t, s.durable())
	require.Zero(t, s.timers)
	require.ElementsMatch(t, []string{"price", "seat", "room", "guide", "pay", "ship", "note"}, b.calls)
}

func TestATryThatDoesNotSucceedGoesTheDurableWay(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"Transient": errTransient,
		"Unknown":   errUnknown,
		"Bug":       fault.Errorf(fault.Bug, fault.Denied, "the way is closed"),
	} {
		for _, step := range []string{"price", "seat", "guide", "pay", "ship"} {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				b, s := express(t)
				b.script[step] = []error{err}
				b.options.NeedsAttention = &needsAttention
				v := b.run(t)
				require.Equal(t, saga.Committed, v.Phase)
				require.Empty(t, s.attention, "it is no reason for a flag")
				require.Equal(t, []string{step}, s.durable(), "one try, and then the step's queue")
				beforePivot := step != "pay" && step != "ship"
				require.Equal(t, beforePivot, s.timers == 1, "the timer of decide-by is set while it matters")
			})
		}
	}
}

// A business decision of the service is one, wherever it was asked.
func TestARefusedTryIsFinal(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"seat", "guide", "pay"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b, s := express(t)
			b.script[step] = []error{errRefused}
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, step, b.aborted.Step)
			require.Empty(t, s.of(step)[1:], "it is not asked again")
			for _, name := range s.durable() {
				require.Contains(t, []string{"seat.undo", "room.undo", "guide.undo", "pay.settle"}, name, "undo and settle are durable")
			}
		})
	}
}

// A call may notice that it is canceled before the SDK does: then it fails by itself. There
// is no reason to repeat it in a saga that is being aborted.
func TestATryThatFailsAsItIsCanceledIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"Canceled": workflow.ErrCanceled,
		"Unknown":  temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil),
		"Bug":      temporal.NewNonRetryableApplicationError("no way", "NO_WAY", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := express(t)
			b.script["seat"] = []error{errRefused}
			s.canceled = map[string]error{"room": err}
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, "seat", b.aborted.Step)
			require.Empty(t, v.Attention)
			require.NotContains(t, s.durable(), "room")
			require.Zero(t, s.timers)
			require.Equal(t, "room=blocked", b.ledger("room"), "it may have happened")
		})
	}
}

func TestOnlyTheNamedStepsAreExpress(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	b.options.Express = []string{"price", "pay", "unknown"}
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []string{"seat", "room", "guide", "ship"}, s.durable())
	require.True(t, s.of("price")[0].local)
	require.True(t, s.of("pay")[0].local)
}

func TestATryHasTheLimitOfItsStep(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	quick := seat
	quick.Express = 1500 * time.Millisecond
	b.options.Plan = saga.NewPlan(quick, ship)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, quick, 1); err != nil {
			return err
		}
		_, err := saga.Do(ctx, ship, saga.None{})
		return err
	}
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, 1500*time.Millisecond, s.limits["seat"])
	require.Equal(t, time.Second, s.limits["ship"])
}

// An update that waits for a step must not wait for those after it.
func TestATaskEndsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	b.body = func(ctx workflow.Context) error {
		saga.EndTask(ctx)
		return trip(ctx)
	}
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []string{"price"}, s.durable())
	require.False(t, s.of("price")[0].local, "it is not tried before")
}

// A try beside the durable step would keep the task open.
func TestATaskEndsThoughStepsBeginAtTheSameTime(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	b.body = func(ctx workflow.Context) error {
		saga.EndTask(ctx)
		one, two := saga.Go(ctx, seat, 1), saga.Go(ctx, room, 1)
		if _, err := one.Get(ctx); err != nil {
			return err
		}
		if _, err := two.Get(ctx); err != nil {
			return err
		}
		_, err := saga.Do(ctx, pay, 1)
		return err
	}
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.ElementsMatch(t, []string{"seat", "room"}, s.durable())
	require.True(t, s.of("pay")[0].local, "the next task has tries again")
}

// Without a timer a body that waits for something else than its steps is late, but no
// step begins after the deadline.
func TestNoExpressStepBeginsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, seat, 1); err != nil {
			return err
		}
		if err := workflow.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		_, err := saga.Do(ctx, pay, 1)
		return err
	}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, saga.Deadline, v.Reason)
	require.Empty(t, s.of("pay"))
	require.Equal(t, "seat=undone pay=blocked", b.ledger("seat", "pay"))
}

// named is a participant that does one step.
type named struct {
	do func(ctx context.Context, k saga.Key, input []byte) ([]byte, error)
}

func (n named) Do(ctx context.Context, k saga.Key, input []byte) ([]byte, error) {
	return n.do(ctx, k, input)
}

// A try calls the service of its step, wherever that is, under the step's key.
func TestATryCallsTheStepsService(t *testing.T) {
	t.Parallel()
	b, s := express(t)
	chef := saga.Step[int, string]{Name: "chef", Queue: "kitchen", Kind: saga.Recorded}
	b.options.Plan, b.options.Express = saga.NewPlan(chef, ship), []string{"chef", "ship"}
	b.body = func(ctx workflow.Context) error {
		out, err := saga.Do(ctx, chef, 7)
		if err != nil {
			return err
		}
		if out != "Ben" {
			return errors.New("another answer")
		}
		_, err = saga.Do(ctx, ship, saga.None{})
		return err
	}
	var asked []string
	saga.BindTry(b.env, chef, named{func(_ context.Context, k saga.Key, input []byte) ([]byte, error) {
		asked = append(asked, k.String()+" "+string(input))
		return []byte(`"Ben"`), nil
	}})
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []string{"trip-1/chef 7"}, asked)
	require.Empty(t, s.durable())
}
