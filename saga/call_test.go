package saga_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

func TestStepsRunOnTheirServicesQueue(t *testing.T) {
	t.Parallel()

	b := setup(t)
	s := b.watch(t)
	b.options.Queues = map[string]string{"seat": "seats-of-tenant-1"}
	b.script["pay"] = []error{errRefused}
	b.run(t)

	require.Equal(t, []command{{activity: "seat", queue: "seats-of-tenant-1"}}, s.of("seat"))
	require.Equal(t, []command{{activity: "seat.undo", queue: "seats-of-tenant-1"}}, s.of("seat.undo"))
	require.Equal(t, []command{{activity: "room", queue: "room"}}, s.of("room"), "a queue that is not mapped stands for itself")
	require.Equal(t, []command{{activity: "sorry", local: true}}, s.of("sorry"), "without a queue it is local")
}

func TestASummaryDescribesEachCall(t *testing.T) {
	t.Parallel()

	greet := saga.Step[string, string]{
		Name: "greet", Queue: "greet", Kind: saga.Compensatable,
		Summary: func(who string) string { return "greets " + who },
	}
	wave := greet
	wave.Name, wave.Queue, wave.Kind = "wave", "", saga.Closing

	b := setup(t)
	s := b.watch(t)
	bind(b.world, b.env, greet, "hello")
	bind(b.world, b.env, wave, "bye")
	b.options.Plan = saga.NewPlan(greet, wave)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, greet, "two guests"); err != nil {
			return err
		}
		_, err := saga.Do(ctx, wave, "both")
		return err
	}
	b.run(t)
	require.Equal(t, []command{
		{activity: "greet", queue: "greet", summary: "greets two guests"},
		{activity: "wave", local: true, summary: "greets both"},
	}, s.scheduled)
}

// create is local and comes before the pivot.
var create = saga.Step[string, string]{Name: "create", Kind: saga.Recorded}

func localSaga(t *testing.T) (*testBundle, *spy) {
	t.Helper()
	b := setup(t)
	s := b.watch(t)
	bind(b.world, b.env, create, "created")
	b.options.Plan = saga.NewPlan(create, seat, note).OnAbort(sorry)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, create, "x"); err != nil {
			return err
		}
		_, err := saga.Do(ctx, note, "x")
		return err
	}
	return b, s
}

func TestALocalStepThatKeepsFailingGoesOnAsAnOrdinaryActivity(t *testing.T) {
	t.Parallel()

	queue := "default-test-taskqueue" // of the worker that runs the workflow
	for name, fail := range map[string]func(b *testBundle, calls int){
		"WithAFault": func(b *testBundle, calls int) {
			for range calls {
				b.script["create"] = append(b.script["create"], errTransient)
			}
		},
		"WithoutAnAnswer": func(b *testBundle, calls int) {
			for range calls {
				b.script["create"] = append(b.script["create"], fault.Errorf(fault.Unknown, fault.Timeout, "no answer"))
			}
		},
		"WithAPanic": func(b *testBundle, calls int) {
			var crash func()
			crash = func() {
				if calls--; calls > 0 {
					b.hooks["create"] = crash
				}
				panic("out of luck")
			}
			b.hooks["create"] = crash
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := localSaga(t)
			fail(b, 12)
			v := b.run(t)
			require.Equal(t, saga.Committed, v.Phase)
			require.Equal(t, 13, b.count("create"))
			require.Equal(t, []command{
				{activity: "create", local: true},
				{activity: "create", queue: queue},
			}, s.of("create"), "any number of attempts costs two commands")
		})
	}
}

// An attempt that hangs leaves it unknown whether the step happened.
func TestALocalStepThatTimesOutGoesOnAsAnOrdinaryActivity(t *testing.T) {
	t.Parallel()

	hanging := saga.Step[string, string]{Name: "hanging", Kind: saga.Recorded, StartToClose: 500 * time.Millisecond}
	b := setup(t)
	s := b.watch(t)
	saga.Bind(b.env, hanging, func(ctx context.Context, _ saga.Key, _ string) (string, error) {
		if activity.GetInfo(ctx).IsLocalActivity {
			<-ctx.Done()
			return "", errors.New("nobody waits for this any more")
		}
		return "fine", nil
	}, nil)
	b.options.Plan = saga.NewPlan(hanging)
	b.body = func(ctx workflow.Context) error { return do(ctx, hanging, "x") }
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []command{
		{activity: "hanging", local: true},
		{activity: "hanging", queue: "default-test-taskqueue"},
	}, s.scheduled)
}

// An ordinary activity's input is recorded in the history, a local one's is not.
func TestALocalStepThatGoesOnAsAnOrdinaryActivityGetsTheRedactedInput(t *testing.T) {
	t.Parallel()

	private := saga.Step[string, string]{Name: "private", Kind: saga.Recorded, Redact: func(string) string { return "someone" }}
	b := setup(t)
	b.watch(t)
	got := map[bool]string{} // by whether the activity is local
	saga.Bind(b.env, private, func(ctx context.Context, _ saga.Key, who string) (string, error) {
		local := activity.GetInfo(ctx).IsLocalActivity
		got[local] = who
		if local {
			return "", errTransient
		}
		return "fine", nil
	}, nil)
	b.options.Plan = saga.NewPlan(private)
	b.body = func(ctx workflow.Context) error { return do(ctx, private, "A. Buyer") }
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, map[bool]string{true: "A. Buyer", false: "someone"}, got)
}

func TestADecisionOfALocalStepIsFinalAtOnce(t *testing.T) {
	t.Parallel()

	for _, decision := range []*fault.Error{errRefused, errBug} {
		t.Run(string(decision.Kind), func(t *testing.T) {
			t.Parallel()
			b, s := localSaga(t)
			b.script["create"] = []error{decision}
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, decision.Code, v.Reason)
			require.Equal(t, []command{{activity: "create", local: true}}, s.of("create"))
		})
	}
}

// A flagged step costs two commands, however long it takes to recover.
func TestAFlaggedStepCostsNoHistory(t *testing.T) {
	t.Parallel()

	b := setup(t)
	s := b.watch(t)
	b.script["pay"] = []error{errRefused}
	for range 100 {
		b.script["seat.undo"] = append(b.script["seat.undo"], errTransient)
	}
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.Equal(t, 101, b.count("seat.undo"))
	require.Len(t, s.of("seat.undo"), 2)
}
