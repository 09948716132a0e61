package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// stuck runs a workflow that must panic. On a worker a panic blocks the workflow
// task until code that is right is deployed; the test environment ends the
// workflow with the panic.
func (b *testBundle) stuck(t *testing.T) string {
	t.Helper()
	b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Run(ctx, b.options, b.body) })
	var p *temporal.PanicError
	require.ErrorAs(t, b.env.GetWorkflowError(), &p)
	return p.Error()
}

func TestABodyThatBreaksTheRulesBlocksTheWorkflowTask(t *testing.T) {
	t.Parallel()

	stranger := saga.Step[int, string]{Name: "stranger", Queue: "q", Kind: saga.Compensatable}
	otherSeat := seat
	otherSeat.Kind = saga.Closing

	for claim, tc := range map[string]struct {
		body func(ctx workflow.Context) error
		want string
	}{
		"AStepThatIsNotInThePlan": {
			func(ctx workflow.Context) error { return do(ctx, stranger, 1) }, "step stranger is not in the plan",
		},
		"AStepThatDiffersFromTheOneInThePlan": {
			func(ctx workflow.Context) error { return do(ctx, otherSeat, 1) }, "step seat differs from the one in the plan",
		},
		"AStepTakenTwice": {
			func(ctx workflow.Context) error {
				if err := do(ctx, seat, 1); err != nil {
					return err
				}
				return do(ctx, seat, 1)
			}, "step seat is taken twice",
		},
		"AStepTakenTwiceAtOnce": {
			func(ctx workflow.Context) error {
				saga.Go(ctx, seat, 1)
				saga.Go(ctx, seat, 1)
				return nil
			}, "step seat is taken twice",
		},
		"AClosingStepBeforeThePivot": {
			func(ctx workflow.Context) error { return do(ctx, ship, saga.None{}) }, "step ship is closing, but the pivot is still ahead",
		},
		"AClosingStepBesideThePivot": {
			func(ctx workflow.Context) error {
				saga.Go(ctx, pay, 1)
				return do(ctx, ship, saga.None{})
			}, "step ship is closing, but the pivot is still ahead",
		},
		"ACompensatableStepAfterThePivot": {
			func(ctx workflow.Context) error {
				if err := do(ctx, pay, 1); err != nil {
					return err
				}
				return do(ctx, seat, 1)
			}, "step seat comes after the point of no return",
		},
		"ACompensatableStepBesideAPivotThatIsScheduled": {
			func(ctx workflow.Context) error {
				saga.Go(ctx, pay, 1)
				if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
				return do(ctx, seat, 1)
			}, "step seat comes after the point of no return",
		},
		"ARecordedStepAfterThePivot": {
			func(ctx workflow.Context) error {
				if err := do(ctx, pay, 1); err != nil {
					return err
				}
				return do(ctx, price, "lisbon")
			}, "step price comes after the point of no return",
		},
		"ABodyThatFailsAfterThePivot": {
			func(ctx workflow.Context) error {
				if err := do(ctx, pay, 1); err != nil {
					return err
				}
				return fault.Errorf(fault.Business, "TOO_LATE", "")
			}, "the body fails after the pivot: TOO_LATE",
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.script["pay"] = []error{errTransient} // so that it takes a while
			b.body = tc.body
			require.Contains(t, b.stuck(t), tc.want)
		})
	}
}

// It is not clean, but no harm is done: nothing starts any more.
func TestABodyMayIgnoreARefusal(t *testing.T) {
	t.Parallel()

	for _, step := range []string{"guide", "pay"} {
		b := setup(t)
		b.script[step] = []error{errRefused}
		b.body = func(ctx workflow.Context) error {
			_, _ = saga.Do(ctx, guide, 1)
			_, _ = saga.Do(ctx, pay, 1)
			_, _ = saga.Do(ctx, seat, 1)
			return nil
		}
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase, step)
		require.Equal(t, errRefused.Code, v.Reason, step)
		require.Equal(t, "seat=blocked room=blocked", b.ledger("seat", "room"), step)
	}
}

func do[In, Out any](ctx workflow.Context, s saga.Step[In, Out], in In) error {
	_, err := saga.Do(ctx, s, in)
	return err
}

func TestAStepNeedsTheContextOfABody(t *testing.T) {
	t.Parallel()

	for claim, misuse := range map[string]func(outer, inner workflow.Context) error{
		"ToDo":    func(outer, _ workflow.Context) error { return do(outer, seat, 1) },
		"ToGo":    func(outer, _ workflow.Context) error { saga.Go(outer, seat, 1); return nil },
		"ToRaise": func(outer, _ workflow.Context) error { saga.Raise(outer, "seat", "ODD"); return nil },
		"ToGet": func(outer, inner workflow.Context) error {
			_, err := saga.Go(inner, seat, 1).Get(outer)
			return err
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.execute(func(outer workflow.Context) (saga.View, error) {
				return saga.Run(outer, b.options, func(inner workflow.Context) error { return misuse(outer, inner) })
			})
			var p *temporal.PanicError
			require.ErrorAs(t, b.env.GetWorkflowError(), &p)
			require.Contains(t, p.Error(), "this context is not of a saga's body")
		})
	}
}

func TestTheOtherEndTakesClosingStepsOnly(t *testing.T) {
	t.Parallel()

	for claim, tc := range map[string]struct {
		aborted func(ctx workflow.Context, d saga.Decision) error
		want    string
	}{
		"NotACompensatableOne": {
			func(ctx workflow.Context, _ saga.Decision) error { return do(ctx, guide, 1) },
			"step guide cannot run in an aborted saga: only closing and recorded steps can",
		},
		"NotThePivot": {
			func(ctx workflow.Context, _ saga.Decision) error { return do(ctx, pay, 1) },
			"step pay cannot run in an aborted saga: only closing and recorded steps can",
		},
		"AndCannotFail": {
			func(workflow.Context, saga.Decision) error { return fault.Errorf(fault.Business, "NO", "no") },
			"the aborted end fails: NO: no",
		},
		"NotOneThatIsKeptAsAnotherType": {
			func(ctx workflow.Context, _ saga.Decision) error {
				return do(ctx, saga.Step[string, string]{Name: price.Name, Queue: price.Queue, Kind: price.Kind}, "lisbon")
			},
			"step price was taken with two types",
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.script["guide"] = []error{errRefused}
			b.options.Aborted = tc.aborted
			require.Contains(t, b.stuck(t), tc.want)
		})
	}
}

// The aborted end may take a recorded step again, and one that the body had no time
// to take.
func TestTheOtherEndMayTakeRecordedSteps(t *testing.T) {
	t.Parallel()

	for claim, refused := range map[string]string{"ThatTheBodyTook": "guide", "ThatTheBodyNeverReached": ""} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if refused != "" {
				b.script[refused] = []error{errRefused}
			} else {
				b.body = func(workflow.Context) error { return errRefused }
			}
			var p int
			b.options.Aborted = func(ctx workflow.Context, _ saga.Decision) (err error) {
				p, err = saga.Do(ctx, price, "lisbon")
				return err
			}
			require.Equal(t, saga.Aborted, b.run(t).Phase)
			require.Equal(t, 100, p)
			require.Equal(t, 1, b.count("price"), "what this run knows is not asked again")
		})
	}
}
