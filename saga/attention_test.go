package saga_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

func TestTheSearchAttributeFollowsTheFlags(t *testing.T) {
	t.Parallel()

	parked := make([]error, 100)
	for i := range parked {
		parked[i] = errTransient
	}

	for _, tc := range []struct {
		claim  string
		happen func(b *testBundle)
		want   []bool
	}{
		{"ASagaThatGoesWellSetsNothing", func(*testBundle) {}, nil},
		{"ARefusalIsNoReason", func(b *testBundle) { b.script["guide"] = []error{errRefused} }, nil},
		{"AFlagThatHealsIsSetAndCleared", func(b *testBundle) { b.script["ship"] = parked }, []bool{true, false}},
		{"SeveralFlagsAtOnceAreOneChange", func(b *testBundle) {
			b.script["pay"] = []error{errRefused}
			b.script["seat.undo"], b.script["room.undo"], b.script["guide.undo"] = parked, parked, parked
		}, []bool{true, false}},
		{"ABugStays", func(b *testBundle) { b.script["guide"] = []error{errBug} }, []bool{true}},
		{"ABugStaysWhenOthersHeal", func(b *testBundle) {
			b.script["guide"] = []error{errBug}
			b.script["seat.undo"] = parked
		}, []bool{true}},
	} {
		t.Run(tc.claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.watch(t)
			b.options.NeedsAttention = &needsAttention
			tc.happen(b)
			b.run(t)
			require.Equal(t, tc.want, s.attention)
		})
	}
}

func TestWhatIsRaisedStaysRaised(t *testing.T) {
	t.Parallel()

	t.Run("ThoughTheSagaCommits", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.body = func(ctx workflow.Context) error {
			saga.Raise(ctx, "pay", "ODD")
			saga.Raise(ctx, "pay", "ODD")
			return trip(ctx)
		}
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		require.Len(t, v.Attention, 1, "twice is once")
		require.Equal(t, fault.Code("ODD"), v.Attention[0].Code)
	})

	t.Run("ThoughTheStepWasFlaggedForTheSameAndHeals", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.always["ship"] = errTransient
		b.env.RegisterDelayedCallback(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.always, "ship")
		}, time.Hour)
		b.body = func(ctx workflow.Context) error {
			if _, err := saga.Do(ctx, pay, 1); err != nil {
				return err
			}
			shipped := saga.Go(ctx, ship, saga.None{})
			if err := workflow.Sleep(ctx, 30*time.Minute); err != nil { // until it is flagged
				return err
			}
			saga.Raise(ctx, "ship", fault.Unavailable)
			_, err := shipped.Get(ctx)
			return err
		}
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		require.Len(t, v.Attention, 1)
		require.Equal(t, "ship", v.Attention[0].Step)
	})
}

// The step is flagged for good because of its do, and flagged until its undo succeeds.
func TestAFlagSaysWhatIsOwedBesideOneThatLasts(t *testing.T) {
	t.Parallel()

	b := setup(t)
	heard := b.notice(nil)
	b.script["room"] = []error{errBug}
	b.always["room.undo"], b.always["seat.undo"] = errBug, errTransient
	b.after(time.Hour, func() {
		var owed []string
		for _, a := range b.query(t).Attention {
			if a.Step == "room" {
				owed = append(owed, a.Owed)
			}
		}
		require.Equal(t, []string{"", "room held"}, owed)
		b.repair(b.skip("room"))
	})
	b.after(2*time.Hour, func() {
		require.Equal(t, "room,seat waived room", (*heard)[len(*heard)-1], "a waiver is told at once")
		b.mend("seat.undo")
	})
	v := b.run(t)
	require.Equal(t, []string{"room"}, flagged(v), "the bug")
	require.Empty(t, v.Attention[0].Owed)
}

// A pivot that fails in a way that is no refusal is neither given up nor undone.
func TestAPivotThatFailsIsFlaggedAndHeals(t *testing.T) {
	t.Parallel()

	for _, kind := range []*fault.Error{errTransient, errBug} {
		t.Run(string(kind.Kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.always["pay"] = kind
			b.env.RegisterDelayedCallback(func() {
				v := b.query(t)
				require.Equal(t, saga.Forward, v.Phase)
				require.Len(t, v.Attention, 1)
				require.Equal(t, saga.Attention{Step: "pay", Code: kind.Code, Kind: kind.Kind, Since: v.Attention[0].Since, Owed: "money taken"}, v.Attention[0])
				b.mu.Lock()
				defer b.mu.Unlock()
				delete(b.always, "pay")
			}, time.Hour)
			v := b.run(t)
			require.Equal(t, saga.Committed, v.Phase)
			require.Empty(t, v.Attention)
		})
	}
}

// A flagged step's call has no limit, and yet the engine may end it, for another reason
// than the one that the flag shows.
func TestTheFlagFollowsTheReasonOfAnUnlimitedCall(t *testing.T) {
	t.Parallel()

	b := setup(t)
	var answer any = errTransient
	saga.Bind(b.env, saga.Step[saga.None, any]{Name: "count", Queue: "count", Kind: saga.Closing},
		func(context.Context, saga.Key, saga.None) (any, error) {
			err, _ := answer.(error)
			return answer, err
		}, nil)
	count := saga.Step[saga.None, int]{Name: "count", Queue: "count", Kind: saga.Closing}
	b.options.Plan = saga.NewPlan(count)
	b.body = func(ctx workflow.Context) error {
		_, err := saga.Do(ctx, count, saga.None{})
		return err
	}
	var since time.Time
	b.after(time.Hour, func() {
		a := b.query(t).Attention
		require.Len(t, a, 1)
		require.Equal(t, errTransient.Code, a[0].Code)
		since, answer = a[0].Since, "sieben" // which no version of the step can read
	})
	b.after(2*time.Hour, func() {
		a := b.query(t).Attention
		require.Len(t, a, 1)
		require.Equal(t, fault.Internal, a[0].Code)
		require.Equal(t, since, a[0].Since, "it is flagged since the first reason")
		answer = 7
	})
	require.Empty(t, b.run(t).Attention)
	require.False(t, since.IsZero())
}

// The answer of another version's worker may be unreadable for this one.
func TestAnAnswerThatCannotBeReadIsFlaggedAndHeals(t *testing.T) {
	t.Parallel()

	b := setup(t)
	answers := []any{"seven", "sieben", "siete", 7}
	saga.Bind(b.env, saga.Step[saga.None, any]{Name: "count", Queue: "count", Kind: saga.Closing},
		func(context.Context, saga.Key, saga.None) (any, error) {
			a := answers[0]
			answers = answers[1:]
			return a, nil
		}, nil)
	count := saga.Step[saga.None, int]{Name: "count", Queue: "count", Kind: saga.Closing}
	b.options.Plan = saga.NewPlan(count)
	var counted int
	b.body = func(ctx workflow.Context) (err error) {
		counted, err = saga.Do(ctx, count, saga.None{})
		return err
	}
	begun := b.env.Now()
	v := b.run(t)
	require.Equal(t, saga.Committed, v.Phase)
	require.Equal(t, 7, counted)
	require.Empty(t, v.Attention)
	require.Equal(t, 2*saga.DefaultTiming().ParkedRetry, b.env.Now().Sub(begun), "it does not spin")
}
