package order

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
)

func TestDecide(t *testing.T) {
	t.Parallel()

	for _, reason := range reasons {
		t.Run("KeepsTheFirstReason/"+string(reason), func(t *testing.T) {
			t.Parallel()

			r := pending()
			require.Empty(t, r.Against())
			changed, err := r.Decide(Decision{Reason: reason}, begin.Add(time.Minute))
			require.NoError(t, err)
			require.True(t, changed)
			want := pending() // it has not moved
			want.Decided, want.DecidedAt = reason, begin.Add(time.Minute)
			require.Equal(t, want, r)
			require.Equal(t, reason, r.Against())

			for _, other := range reasons {
				changed, err := r.Decide(Decision{Reason: other}, begin.Add(time.Hour))
				require.NoError(t, err)
				require.False(t, changed)
				require.Equal(t, want, r)
			}
		})
	}

	t.Run("OfACancelledOrderChangesNothing", func(t *testing.T) {
		t.Parallel()

		r := pending()
		_, err := r.Cancel(Closing{Reason: OutOfStock}, begin)
		require.NoError(t, err)
		want := r
		changed, err := r.Decide(Decision{Reason: Internal}, begin.Add(time.Hour))
		require.NoError(t, err)
		require.False(t, changed)
		require.Equal(t, want, r)
		require.Equal(t, OutOfStock, r.Against())
	})

	t.Run("OfAConfirmedOrderIsABug", func(t *testing.T) {
		t.Parallel()

		r := pending()
		_, err := r.Confirm(Closing{Total: total(1)}, begin)
		require.NoError(t, err)
		want := r
		changed, err := r.Decide(Decision{Reason: Deadline}, begin.Add(time.Hour))
		requireFault(t, err, fault.Bug, IllegalTransition)
		require.False(t, changed)
		require.Equal(t, want, r)
	})

	for claim, reason := range map[string]Reason{"ForNoReason": "", "ForAReasonOfNoList": "BORED"} {
		t.Run(claim+"IsABug", func(t *testing.T) {
			t.Parallel()

			r := pending()
			changed, err := r.Decide(Decision{Reason: reason}, begin)
			requireFault(t, err, fault.Bug, fault.Invalid)
			require.False(t, changed)
			require.Equal(t, pending(), r)
		})
	}
}

// The first reason stays, whichever caller ends the order and however often.
func TestAnOrderKeepsTheFirstReasonForItsCancellation(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		r, first := pending(), Reason("")
		for i := range rapid.IntRange(1, 8).Draw(t, "attempts") {
			reason, at := rapid.SampledFrom(reasons).Draw(t, "reason"), begin.Add(time.Duration(i+1)*time.Second)
			var err error
			if rapid.Bool().Draw(t, "cancel") {
				_, err = r.Cancel(Closing{Reason: reason}, at)
			} else {
				_, err = r.Decide(Decision{Reason: reason}, at)
			}
			require.NoError(t, err)
			if first == "" {
				first = reason
			}
			require.Equal(t, first, r.Against())
			require.Contains(t, []Reason{first, ""}, r.Reason)
		}
	})
}

// An undone order cannot be confirmed any more, whatever the pivot says now.
func TestAnOrderThatWasDecidedAgainstIsNotConfirmed(t *testing.T) {
	t.Parallel()

	r := pending()
	_, err := r.Decide(Decision{Reason: Deadline}, begin)
	require.NoError(t, err)
	want := r
	_, err = r.Confirm(Closing{Total: total(1)}, begin.Add(time.Hour))
	requireFault(t, err, fault.Bug, IllegalTransition)
	require.Equal(t, want, r)
}

func TestADecisionSurvivesJSON(t *testing.T) {
	t.Parallel()

	r := pending()
	_, err := r.Decide(Decision{Reason: Undeliverable}, begin.Add(time.Minute))
	require.NoError(t, err)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var got Record
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, r, got)

	data, err = json.Marshal(pending())
	require.NoError(t, err)
	require.NotContains(t, string(data), "decided", "an order that goes well has none")
}
