package once_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
)

var (
	step     = key.New("ord_1", "mail.send")
	declined = fault.Errorf(fault.Business, "UNDELIVERABLE", "no such address")
	errLost  = errors.New("no answer")
)

// world is a service and an external system, with the calls that they got.
type world struct {
	ticket ledger.Ticket[string]
	sent   bool   // an earlier attempt got through
	fails  string // the part that fails
	answer string
	calls  []string
}

func (w *world) call(name string, k key.Key) error {
	w.calls = append(w.calls, name)
	switch {
	case k != step:
		return errors.New("another key")
	case name == w.fails:
		return errLost
	}
	return nil
}

func (w *world) do(ctx context.Context) (string, error) {
	return once.Effect[string, string]{
		Intend: func(_ context.Context, k key.Key) (ledger.Ticket[string], error) {
			return w.ticket, w.call("intend", k)
		},
		Find: func(_ context.Context, k key.Key) (string, bool, error) {
			return w.answer, w.sent, w.call("find", k)
		},
		Act: func(_ context.Context, k key.Key) (string, error) { return w.answer, w.call("act", k) },
		Refusal: func(answer string) *fault.Error {
			if answer == "declined" {
				return declined
			}
			return nil
		},
		Refuse: func(_ context.Context, k key.Key, _ *fault.Error) error { return w.call("refuse", k) },
		Conclude: func(_ context.Context, k key.Key, answer string) (string, error) {
			return "out of " + answer, w.call("conclude", k)
		},
	}.Do(ctx, step)
}

func TestDo(t *testing.T) {
	t.Parallel()
	repeat := ledger.Ticket[string]{Repeat: true}
	for name, tt := range map[string]struct {
		world world
		calls []string
		out   string
		err   error
	}{
		"CallsOnceTheIntentIsRecorded":        {world{answer: "ok"}, []string{"intend", "act", "conclude"}, "out of ok", nil},
		"MakesNoCallWhenItIsDone":             {world{ticket: ledger.Ticket[string]{Done: true, Outcome: "kept"}}, []string{"intend"}, "kept", nil},
		"AsksBeforeItCallsAgain":              {world{ticket: repeat, answer: "ok"}, []string{"intend", "find", "act", "conclude"}, "out of ok", nil},
		"ConcludesWhatItFinds":                {world{ticket: repeat, sent: true, answer: "ok"}, []string{"intend", "find", "conclude"}, "out of ok", nil},
		"RecordsARefusalBeforeItReturnsIt":    {world{answer: "declined"}, []string{"intend", "act", "refuse"}, "", declined},
		"RecordsARefusalThatItFinds":          {world{ticket: repeat, sent: true, answer: "declined"}, []string{"intend", "find", "refuse"}, "", declined},
		"CallsNothingWithoutAnIntent":         {world{fails: "intend"}, []string{"intend"}, "", errLost},
		"NeverActsOnAGuess":                   {world{ticket: repeat, fails: "find"}, []string{"intend", "find"}, "", errLost},
		"ConcludesNothingThatGaveNoAnswer":    {world{fails: "act"}, []string{"intend", "act"}, "", errLost},
		"ReturnsNoRefusalThatIsNotRecorded":   {world{answer: "declined", fails: "refuse"}, []string{"intend", "act", "refuse"}, "", errLost},
		"FailsWhenTheOutcomeCannotBeRecorded": {world{answer: "ok", fails: "conclude"}, []string{"intend", "act", "conclude"}, "out of ok", errLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := tt.world.do(t.Context())
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.out, out)
			require.Equal(t, tt.calls, tt.world.calls)
		})
	}
}
