package saga_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// flaggedTrip is a trip whose view has something in every field: a step was
// refused, the pivot's outcome is unknown, and the plan has steps
// that never started. at runs while that is so. The flag is of the last retry that
// fits into ParkAfter: 100 ms, doubled up to 10 s.
func flaggedTrip(t *testing.T, at func(b *testBundle)) *testBundle {
	t.Helper()
	b := setup(t)
	b.env.SetStartTime(time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC))
	b.options.DecideBy = b.env.Now().Add(10 * time.Minute).UTC()
	b.script["room"] = []error{fault.Errorf(fault.Business, "NO_ROOM", "no room")}
	b.always["pay.settle"] = errTransient
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, seat, 1); err != nil {
			return err
		}
		_, err := saga.Do(ctx, room, 1)
		return err
	}
	b.env.RegisterDelayedCallback(func() {
		at(b)
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.always, "pay.settle")
	}, time.Hour)
	return b
}

// The view's JSON is a contract: workflows' results, queries and APIs carry it.
func TestViewJSON(t *testing.T) {
	t.Parallel()

	t.Run("OfASagaThatNeedsAttention", func(t *testing.T) {
		t.Parallel()
		var got []byte
		b := flaggedTrip(t, func(b *testBundle) {
			var err error
			got, err = json.Marshal(b.query(t))
			require.NoError(t, err)
		})
		b.run(t)
		require.JSONEq(t, `{
			"id": "trip-1",
			"phase": "settling",
			"decide_by": "2026-05-04T10:10:00Z",
			"steps": [
				{"name": "seat", "state": "done", "attempts": 1, "exposure": "seat held",
				 "started_at": "2026-05-04T10:00:00Z", "ended_at": "2026-05-04T10:00:00Z"},
				{"name": "room", "state": "refused", "attempts": 1, "error": "NO_ROOM",
				 "started_at": "2026-05-04T10:00:00Z", "ended_at": "2026-05-04T10:00:00Z"},
				{"name": "guide", "state": "waiting", "attempts": 0},
				{"name": "sorry", "state": "waiting", "attempts": 0}
			],
			"attention": [{"step": "pay", "code": "UNAVAILABLE", "kind": "transient", "since": "2026-05-04T10:01:52.7Z", "owed": "money taken"}],
			"waivers": [], "repairs": []
		}`, string(got))
	})

	t.Run("OfASagaThatEnded", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.env.SetStartTime(time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC))
		b.options.DecideBy = time.Time{}
		b.options.Plan = saga.NewPlan(price)
		b.body = func(workflow.Context) error { return fault.Errorf(fault.Business, "NOT_TODAY", "") }
		b.options.Aborted = nil
		got, err := json.Marshal(b.run(t))
		require.NoError(t, err)
		require.JSONEq(t, `{"id": "trip-1", "phase": "aborted", "reason": "NOT_TODAY", "steps": [], "attention": [], "waivers": [], "repairs": []}`, string(got),
			"lists are never null")
	})

	t.Run("OfASagaThatHasNotBegun", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Progress(ctx, "trip-1"), nil })
		var got json.RawMessage
		require.NoError(t, b.env.GetWorkflowResult(&got))
		require.JSONEq(t, `{"id": "trip-1", "phase": "forward", "steps": [], "attention": [], "waivers": [], "repairs": []}`, string(got))
	})
}

func TestDetailsAreATableForTheWebUI(t *testing.T) {
	t.Parallel()

	b := flaggedTrip(t, func(*testBundle) {})
	require.Equal(t, `**settling**

**Needs attention**: pay, `+"`UNAVAILABLE`"+` since 2026-05-04T10:01:52Z

| step | state | attempts | last error | owes |
|---|---|---|---|---|
| seat | done | 1 |  | seat held |
| room | refused | 1 | NO_ROOM |  |
| guide | waiting | 0 |  |  |
| sorry | waiting | 0 |  |  |
`, b.detailsAt(t, 30*time.Minute))
}

// detailsAt runs the trip and returns the Web UI's details after d.
func (b *testBundle) detailsAt(t *testing.T, d time.Duration) (details string) {
	t.Helper()
	b.execute(func(ctx workflow.Context) (saga.View, error) {
		workflow.Go(ctx, func(ctx workflow.Context) {
			require.NoError(t, workflow.Sleep(ctx, d))
			details = workflow.GetCurrentDetails(ctx)
		})
		return saga.Run(ctx, b.options, b.body)
	})
	require.NoError(t, b.env.GetWorkflowError())
	return details
}

// An effect that may have happened counts as an exposure until it is undone.
func TestAStepWithoutAnAnswerOwesWhatItMayHaveTaken(t *testing.T) {
	t.Parallel()

	for name, failing := range map[string]error{
		"BecauseNobodyAnswers": fault.Errorf(fault.Unknown, fault.Timeout, "no answer"),
		"BecauseOfABug":        errBug,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.always["guide"], b.always["pay.settle"] = failing, errTransient
			b.env.RegisterDelayedCallback(func() {
				v := b.query(t)
				require.Equal(t, saga.Settling, v.Phase)
				g, _ := v.Step("guide")
				require.Equal(t, "guide booked", g.Exposure)
				b.mu.Lock()
				defer b.mu.Unlock()
				delete(b.always, "pay.settle")
			}, time.Hour)
			v := b.run(t)
			g, _ := v.Step("guide")
			require.Equal(t, saga.Undone, g.State)
			require.Empty(t, g.Exposure)
		})
	}
}
