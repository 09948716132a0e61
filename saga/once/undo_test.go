package once_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
)

// undoing is a service whose step is undone or settled.
type undoing struct {
	world

	state  ledger.State
	there  bool   // the external system has the effect
	behind string // the external system's answer
}

func (u *undoing) effect() once.Effect[string, string] {
	return once.Effect[string, string]{
		Begin: func(_ context.Context, k key.Key) (ledger.State, string, error) {
			return u.state, "kept", u.call("begin", k)
		},
		Forbid: func(_ context.Context, k key.Key) (string, bool, error) {
			return u.behind, u.there, u.call("forbid", k)
		},
		TakeBack: func(_ context.Context, k key.Key) error { return u.call("take back", k) },
		End: func(_ context.Context, k key.Key, to ledger.State) error {
			return u.call("end as "+string(to), k)
		},
		Refusal: func(answer string) *fault.Error {
			if answer == "declined" {
				return declined
			}
			return nil
		},
		Refuse: func(_ context.Context, k key.Key, _ *fault.Error) error {
			u.state = ledger.Refused
			return u.call("refuse", k)
		},
		Conclude: func(_ context.Context, k key.Key, answer string) (string, error) {
			return "out of " + answer, u.call("conclude", k)
		},
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		undoing
		calls []string
		err   error
	}{
		"TakesBackBeforeItRecordsThat":     {undoing{state: ledger.Done}, []string{"begin", "take back", "end as undone"}, nil},
		"RecordsNothingThatWasNotTaken":    {undoing{state: ledger.Done, world: world{fails: "take back"}}, []string{"begin", "take back"}, errLost},
		"HasNothingToDoTwice":              {undoing{state: ledger.Undone}, []string{"begin"}, nil},
		"LeavesARefusal":                   {undoing{state: ledger.Refused}, []string{"begin"}, nil},
		"ForbidsBeforeItBlocks":            {undoing{state: ledger.Intent}, []string{"begin", "forbid", "end as blocked"}, nil},
		"TakesBackWhatItFinds":             {undoing{state: ledger.Intent, there: true}, []string{"begin", "forbid", "take back", "end as undone"}, nil},
		"NeverBlocksOnAGuess":              {undoing{state: ledger.Intent, world: world{fails: "forbid"}}, []string{"begin", "forbid"}, errLost},
		"RecordsADeclineThatItFinds":       {undoing{state: ledger.Intent, there: true, behind: "declined"}, []string{"begin", "forbid", "refuse", "begin"}, nil},
		"ForbidsAlsoWithoutAnIntent":       {undoing{state: ledger.Blocked}, []string{"begin", "forbid"}, nil},
		"LeavesADeclineOfABlockedKey":      {undoing{state: ledger.Blocked, there: true, behind: "declined"}, []string{"begin", "forbid"}, nil},
		"TakesBackWhatTheLedgerHasNotKept": {undoing{state: ledger.Blocked, there: true}, []string{"begin", "forbid", "take back"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, tt.effect().Undo(t.Context(), step), tt.err)
			require.Equal(t, tt.calls, tt.world.calls)
		})
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		undoing
		calls    []string
		out      string
		happened bool
		err      error
	}{
		"AnswersFromTheRecord":           {undoing{state: ledger.Done}, []string{"begin"}, "kept", true, nil},
		"AsksNobodyWithoutAnIntent":      {undoing{state: ledger.Blocked, there: true}, []string{"begin"}, "kept", false, nil},
		"ForbidsBeforeItBlocks":          {undoing{state: ledger.Intent}, []string{"begin", "forbid", "end as blocked"}, "", false, nil},
		"RecordsAnEffectThatItFinds":     {undoing{state: ledger.Intent, there: true, behind: "ok"}, []string{"begin", "forbid", "conclude"}, "out of ok", true, nil},
		"RecordsADeclineThatItFinds":     {undoing{state: ledger.Intent, there: true, behind: "declined"}, []string{"begin", "forbid", "refuse", "begin"}, "", false, nil},
		"NeverBlocksOnAGuess":            {undoing{state: ledger.Intent, world: world{fails: "forbid"}}, []string{"begin", "forbid"}, "", false, errLost},
		"SaysNothingThatIsNotRecorded":   {undoing{state: ledger.Intent, there: true, world: world{fails: "conclude"}}, []string{"begin", "forbid", "conclude"}, "out of ", false, errLost},
		"FailsIfTheBlockIsNotRecorded":   {undoing{state: ledger.Intent, world: world{fails: "end as blocked"}}, []string{"begin", "forbid", "end as blocked"}, "", false, errLost},
		"FailsIfItCannotReadTheLedger":   {undoing{state: ledger.Done, world: world{fails: "begin"}}, []string{"begin"}, "", false, errLost},
		"FailsIfTheDeclineIsNotThereYet": {undoing{state: ledger.Intent, there: true, behind: "declined", world: world{fails: "refuse"}}, []string{"begin", "forbid", "refuse"}, "", false, errLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, happened, err := tt.effect().Settle(t.Context(), step)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.out, out)
			require.Equal(t, tt.happened, happened)
			require.Equal(t, tt.calls, tt.world.calls)
		})
	}
}
