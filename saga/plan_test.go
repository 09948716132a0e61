package saga_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/saga"
)

// panicOf returns the message that f panics with.
func panicOf(t *testing.T, f func()) (message string) {
	t.Helper()
	defer func() {
		var ok bool
		message, ok = recover().(string)
		require.True(t, ok, "it panics with a message")
	}()
	f()
	return ""
}

func TestNewPlanRefuses(t *testing.T) {
	t.Parallel()

	nameless := saga.Step[int, int]{Kind: saga.Closing}
	unkind := saga.Step[int, int]{Name: "unkind", Kind: "optional"}
	another := saga.Step[int, int]{Name: "pay-again", Kind: saga.Pivot}

	for claim, tc := range map[string]struct {
		make func() saga.Plan
		want []string
	}{
		"AStepWithoutAName": {
			func() saga.Plan { return saga.NewPlan(nameless) },
			[]string{"a step has no name"},
		},
		"AStepTwice": {
			func() saga.Plan { return saga.NewPlan(seat, room, seat) },
			[]string{`step "seat" is there twice`},
		},
		"AnUnknownKind": {
			func() saga.Plan { return saga.NewPlan(unkind) },
			[]string{`step "unkind" has the unknown kind "optional"`},
		},
		"TwoPivots": {
			func() saga.Plan { return saga.NewPlan(pay, another) },
			[]string{`both "pay" and "pay-again" are pivots`},
		},
		"AndListsEveryProblem": {
			func() saga.Plan { return saga.NewPlan(seat, seat, nameless, unkind, pay, another) },
			[]string{`"seat" is there twice`, "has no name", `unknown kind "optional"`, "are pivots"},
		},
		"AnEndThatIsInThePlanAlready": {
			func() saga.Plan { return saga.NewPlan(seat, ship).OnAbort(ship) },
			[]string{`step "ship" is there twice`},
		},
		"AnEndThatNeedsAnUndo": {
			func() saga.Plan { return saga.NewPlan(seat).OnAbort(room) },
			[]string{`step "room" ends an aborted saga but is neither closing nor recorded`},
		},
		"AnEndThatIsAPivot": {
			func() saga.Plan { return saga.NewPlan(seat).OnAbort(pay) },
			[]string{`step "pay" ends an aborted saga but is neither closing nor recorded`},
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			message := panicOf(t, func() { tc.make() })
			for _, want := range tc.want {
				require.Contains(t, message, want)
			}
		})
	}
}

// A plan is a value: a plan made of it does not change it.
func TestOnAbortLeavesThePlanAlone(t *testing.T) {
	t.Parallel()

	bare := saga.NewPlan(seat, pay)
	require.NotPanics(t, func() {
		bare.OnAbort(sorry)
		bare.OnAbort(sorry)
	})
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()

	do := func(context.Context, saga.Key, int) (string, error) { return "", nil }
	undo := func(context.Context, saga.Key) error { return nil }
	settle := func(context.Context, saga.Key) (string, bool, error) { return "", false, nil }
	closing := saga.Step[int, string]{Name: "closing", Kind: saga.Closing}
	recorded := saga.Step[int, string]{Name: "recorded", Kind: saga.Recorded}

	for claim, tc := range map[string]struct {
		bind func(r saga.Registry)
		want string
	}{
		"ACompensatableStepWithoutUndo": {
			func(r saga.Registry) { saga.Bind(r, seat, do, nil) }, "seat: exactly the compensatable steps have an undo",
		},
		"AClosingStepWithUndo": {
			func(r saga.Registry) { saga.Bind(r, closing, do, undo) }, "closing: exactly the compensatable steps have an undo",
		},
		"ARecordedStepWithUndo": {
			func(r saga.Registry) { saga.Bind(r, recorded, do, undo) }, "recorded: exactly the compensatable steps have an undo",
		},
		"APivotByBind": {
			func(r saga.Registry) { saga.Bind(r, pay, do, nil) }, "pay is a pivot: use BindPivot",
		},
		"AnyOtherStepByBindPivot": {
			func(r saga.Registry) { saga.BindPivot(r, seat, do, settle) }, "seat is not a pivot: use Bind",
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := &names{}
			require.Contains(t, panicOf(t, func() { tc.bind(r) }), tc.want)
			require.Empty(t, *r, "nothing is registered")
		})
	}
}

// Histories record these names.
func TestBindRegistersOneActivityPerCall(t *testing.T) {
	t.Parallel()

	r := &names{}
	bind(newWorld(), r, seat, "12A")
	bind(newWorld(), r, pay, "paid")
	bind(newWorld(), r, ship, saga.None{})
	require.Equal(t, names{"seat", "seat.undo", "pay", "pay.settle", "ship"}, *r)
}

// names is a registry that keeps names only.
type names []string

func (n *names) RegisterActivityWithOptions(_ any, o activity.RegisterOptions) {
	*n = append(*n, o.Name)
}

func TestAPlanTellsBothWays(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"price", "seat", "room", "guide", "pay", "ship", "note"}, tripPlan.Forward())
	require.Equal(t, []string{"guide", "room", "seat", "sorry"}, tripPlan.Back())
	decided := saga.NewPlan(seat, pay).OnAbort(sorry, saga.Step[int, int]{Name: "why", Kind: saga.Recorded})
	require.Equal(t, []string{"why", "seat", "sorry"}, decided.Back(), "the decision comes before the undo")
}
