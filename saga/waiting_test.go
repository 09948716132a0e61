package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

var errUnknown = fault.Errorf(fault.Unknown, fault.Timeout, "no answer")

// A step before the pivot that makes no progress is flagged too: the saga has
// until decide-by, and an operator may know more.
func TestAStepBeforeThePivotThatWaitsIsFlagged(t *testing.T) {
	t.Parallel()

	for _, failing := range []*fault.Error{errTransient, errUnknown} {
		t.Run(string(failing.Kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.watch(t)
			b.options.NeedsAttention = &needsAttention
			b.always["seat"] = failing
			b.after(time.Minute, func() { require.Empty(t, b.query(t).Attention, "not yet") })
			b.after(5*time.Minute, func() {
				v := b.query(t)
				require.Equal(t, saga.Forward, v.Phase)
				require.Equal(t, []saga.Attention{{
					Step: "seat", Code: failing.Code, Kind: failing.Kind, Since: v.Attention[0].Since, Owed: "seat held",
				}}, v.Attention)
				seat, _ := v.Step("seat")
				require.Equal(t, saga.Running, seat.State)
				b.mend("seat")
			})
			begun := b.env.Now()
			v := b.run(t)
			require.Equal(t, saga.Committed, v.Phase)
			require.Empty(t, v.Attention)
			require.Equal(t, []bool{true, false}, s.attention)
			require.Len(t, s.of("seat"), 2, "however long it took")
			require.Less(t, b.env.Now().Sub(begun), 5*time.Minute+saga.DefaultTiming().RetryMax+time.Second, "it is tried as often as before")
		})
	}
}

func TestAFlaggedStepBeforeThePivotEndsAsItWould(t *testing.T) {
	t.Parallel()

	for claim, tc := range map[string]struct {
		happen func(b *testBundle) // after five minutes
		reason fault.Code
		within time.Duration
	}{
		"WithItsRefusal": {func(b *testBundle) { b.fail("seat", errRefused) }, "NO_SEATS", 6 * time.Minute},
		"WithABug":       {func(b *testBundle) { b.fail("seat", errBug) }, fault.Mismatch, 6 * time.Minute},
		"WithACancel":    {func(b *testBundle) { b.cancel(&cancelOutcome{}) }, saga.CustomerRequest, 5*time.Minute + time.Second},
		"AtDecideBy":     {func(*testBundle) {}, saga.Deadline, 10*time.Minute + time.Second},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.always["seat"] = errUnknown
			b.after(5*time.Minute, func() {
				require.Equal(t, []string{"seat"}, flagged(b.query(t)))
				tc.happen(b)
			})
			begun := b.env.Now()
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, tc.reason, v.Reason)
			require.Less(t, b.env.Now().Sub(begun), tc.within)
			if tc.reason != fault.Mismatch {
				require.Empty(t, v.Attention, "undo has decided")
			}
		})
	}
}

func TestARetryOfAFlaggedStepBeforeThePivot(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.options.Timing = saga.DefaultTiming()
	b.options.Timing.RetryMax = 4 * time.Minute
	b.always["seat"] = errUnknown
	begun := b.env.Now()
	var o *repairOutcome
	b.after(5*time.Minute, func() {
		b.mend("seat")
		o = b.repair(b.retry("seat"))
	})
	v := b.run(t)
	require.Equal(t, saga.Committed, v.Phase)
	require.Empty(t, o.code)
	require.Less(t, b.env.Now().Sub(begun), 5*time.Minute+time.Second)
	require.Len(t, v.Repairs, 1)
}

// An aborted end needs the answers of its steps: a skip would be taken for one.
func TestARecordedStepOfTheOtherEndCannotBeSkipped(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.body = func(workflow.Context) error { return errRefused }
	answered := 0
	b.options.Aborted = func(ctx workflow.Context, d saga.Decision) (err error) {
		if answered, err = saga.Do(ctx, price, "lisbon"); err != nil {
			return err
		}
		_, err = saga.Do(ctx, sorry, d.Code)
		return err
	}
	b.always["price"] = errTransient
	var skip, retry *repairOutcome
	b.after(time.Hour, func() {
		require.Equal(t, []string{"price"}, flagged(b.query(t)))
		skip = b.repair(b.skip("price"))
		b.mend("price")
		retry = b.repair(b.retry("price"))
	})
	v := b.run(t)
	require.Equal(t, fault.Invalid, skip.code)
	require.False(t, skip.traced)
	require.Empty(t, retry.code)
	require.Equal(t, 100, answered)
	require.Empty(t, v.Waivers)
}

func TestWhatNobodyKnowsIsSaidInWords(t *testing.T) {
	t.Parallel()

	b := flaggedTrip(t, func(*testBundle) {})
	b.always["pay.settle"] = errUnknown
	require.Contains(t, b.detailsAt(t, 30*time.Minute),
		"**Needs attention**: pay, `TIMEOUT` since 2026-05-04T10:01:52Z: it may have taken effect\n")
}
