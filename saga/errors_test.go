package saga_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// callArgument is the argument of every activity of a step, as histories keep it.
type callArgument struct {
	Key    saga.Key     `json:"key"`
	Input  int          `json:"input"`
	Parked bool         `json:"parked,omitempty"`
	Ends   []fault.Kind `json:"ends,omitempty"`
}

// fail calls a step whose service returns err, and returns the engine's error.
func fail(t *testing.T, c callArgument, err error) *temporal.ApplicationError {
	t.Helper()
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := ts.NewTestActivityEnvironment()
	saga.Bind(env, seat, func(context.Context, saga.Key, int) (string, error) { return "", err },
		func(context.Context, saga.Key) error { return err })
	_, got := env.ExecuteActivity("seat", c)
	var app *temporal.ApplicationError
	require.ErrorAs(t, got, &app)
	return app
}

const secret = "password=hunter2"

func TestAFailureCarriesTheFault(t *testing.T) {
	t.Parallel()

	refused := fault.Errorf(fault.Business, "NO_SEATS", "no seats are left")
	for claim, tc := range map[string]struct {
		err     error
		code    string
		kind    fault.Kind
		message string
		final   bool
		quiet   bool // no alarm: the engine does not count it as a failure
	}{
		"OfADecision":   {refused, "NO_SEATS", fault.Business, "no seats are left", true, true},
		"ThatIsWrapped": {fmt.Errorf("%s: %w", secret, refused), "NO_SEATS", fault.Business, "no seats are left", true, true},
		"OfALateAttempt": {
			fault.Errorf(fault.Suspension, fault.Suspended, "undone"), "SUSPENDED", fault.Suspension, "undone", true, true,
		},
		"OfABug":            {errBug, "REQUEST_MISMATCH", fault.Bug, "same key, other request", true, false},
		"ThatMayPass":       {errTransient, "UNAVAILABLE", fault.Transient, "not now", false, false},
		"OfNoAnswer":        {fault.Errorf(fault.Unknown, "NO_REPLY", "lost"), "NO_REPLY", fault.Unknown, "lost", false, false},
		"OfADeadline":       {fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), "TIMEOUT", fault.Unknown, "no answer in time", false, false},
		"OfACallerThatLeft": {context.Canceled, "TIMEOUT", fault.Unknown, "no answer in time", false, false},
		"OfAPlainError":     {errors.New(secret), "INTERNAL", fault.Transient, "internal error", false, false},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			app := fail(t, callArgument{Key: saga.Key{Saga: "trip-1", Step: "seat"}}, tc.err)
			require.Equal(t, tc.code, app.Type())
			require.Equal(t, tc.message, app.Message())
			require.Equal(t, tc.final, app.NonRetryable())
			require.Equal(t, tc.quiet, app.Category() == temporal.ApplicationErrorCategoryBenign)
			require.NotContains(t, app.Error(), "hunter2", "what is internal stays in the worker's log")
			require.NoError(t, errors.Unwrap(app))

			var details struct {
				Kind     fault.Kind `json:"kind"`
				Attempts int        `json:"attempts"`
			}
			require.NoError(t, app.Details(&details))
			require.Equal(t, tc.kind, details.Kind)
			require.Equal(t, 1, details.Attempts)
		})
	}
}

func TestAParkedCallEndsOnlyWithWhatItsCallerNames(t *testing.T) {
	t.Parallel()

	for _, kind := range []fault.Kind{fault.Business, fault.Transient, fault.Unknown, fault.Suspension, fault.Bug} {
		c := callArgument{Parked: true, Ends: []fault.Kind{fault.Suspension}}
		require.Equal(t, kind == fault.Suspension, fail(t, c, fault.Errorf(kind, "CODE", "")).NonRetryable(), kind)
	}
}

// The body gets the fault that the service returned, however it was wrapped.
func TestTheBodyGetsTheFaultOfTheStep(t *testing.T) {
	t.Parallel()

	for _, refusal := range []error{errRefused, fmt.Errorf("seat 12A: %w", errRefused)} {
		b := setup(t)
		b.script["seat"] = []error{refusal}
		var got error
		b.body = func(ctx workflow.Context) error {
			_, got = saga.Do(ctx, seat, 1)
			return got
		}
		v := b.run(t)
		require.Equal(t, errRefused.Code, fault.CodeOf(got))
		require.Equal(t, errRefused.Message, fault.Of(got).Message)
		require.Equal(t, fault.Business, fault.KindOf(got))
		require.Equal(t, errRefused.Code, v.Reason)
	}
}

// A plain error leaves it unknown whether the step happened, so it is retried.
func TestPlainErrorsAreRetried(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["seat"] = []error{errors.New(secret), context.DeadlineExceeded, nil}
	v := b.run(t)
	s, _ := v.Step("seat")
	require.Equal(t, saga.Committed, v.Phase)
	require.Equal(t, 3, s.Attempts)
}

// foreign is a trip of one step whose activity is not bound by this package, so that
// its first failures come from the engine or from foreign code.
func foreign(t *testing.T, kind saga.Kind, failures ...error) *testBundle {
	t.Helper()
	b := setup(t)
	b.env.RegisterActivityWithOptions(func(callArgument) (map[string]any, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return map[string]any{"output": "fine", "attempts": 1}, b.gate("foreign")
	}, activity.RegisterOptions{Name: "foreign"})
	b.script["foreign"] = failures
	step := saga.Step[int, string]{Name: "foreign", Queue: "foreign", Kind: kind}
	b.options.Plan = saga.NewPlan(step).OnAbort(sorry)
	b.body = func(ctx workflow.Context) error { return do(ctx, step, 1) }
	return b
}

var (
	errTimeout = temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	errStrange = temporal.NewApplicationError(secret, "ActivityNotRegistered")
	errFinal   = temporal.NewNonRetryableApplicationError(secret, "TooLarge", nil)
)

// A failure that does not come from a bound step is never a decision.
func TestFailuresOfTheEngine(t *testing.T) {
	t.Parallel()

	t.Run("AreTriedAgain", func(t *testing.T) {
		t.Parallel()
		b := foreign(t, saga.Recorded, errTimeout, errStrange)
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.Equal(t, 3, b.count("foreign"))
	})

	t.Run("AreABugIfTheyAreFinal", func(t *testing.T) {
		t.Parallel()
		b := foreign(t, saga.Recorded, errFinal)
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase)
		require.Equal(t, fault.Internal, v.Reason)
		require.Len(t, v.Attention, 1)
		require.Equal(t, fault.Bug, b.aborted.Kind)
	})

	for claim, tc := range map[string]struct {
		err  error
		code fault.Code
	}{
		"AreNoAnswerIfTheyAreTimeouts": {errTimeout, fault.Timeout},
		"AreInternalOtherwise":         {errStrange, fault.Internal},
		"AndOnesThatNobodyCanRetryToo": {errFinal, fault.Internal},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := foreign(t, saga.Closing, slices.Repeat([]error{tc.err}, 30)...)
			b.options.DecideBy = time.Time{}
			b.env.RegisterDelayedCallback(func() {
				v := b.query(t)
				require.Len(t, v.Attention, 1)
				require.Equal(t, tc.code, v.Attention[0].Code)
			}, 10*time.Minute)
			v := b.run(t)
			require.Equal(t, saga.Committed, v.Phase, "it heals")
			require.Equal(t, 31, b.count("foreign"))
		})
	}
}
