package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/payment"
)

func TestThePivotIsReadFromTheFactsOfAStyle(t *testing.T) {
	t.Parallel()
	captured, refused := payment.CapturedFact.Type(), payment.CaptureRefusedFact.Type()
	outboxes := []told{
		{kind: captured, key: "b", styled: true},
		{kind: captured, key: "a", styled: true},
		{kind: captured, key: "a", styled: true},
		{kind: refused, key: "c", styled: true},
		{kind: refused, key: "d"},
		{kind: captured, key: "e"},
		{kind: payment.SettledFact.Type(), key: "f", styled: true},
	}
	require.Equal(t, pivot{captured: []string{"a", "b"}, refused: []string{"c"}}, pivotOf(outboxes))
}

func TestARunThatDoesNotReachThePivotIsInvalid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		length                      time.Duration
		deadline, captured, refused int
		problem                     string // empty: none
	}{
		"Enough":            {time.Minute, 40, 9, 1, ""},
		"TooFew":            {time.Minute, 41, 9, 1, "of 51 choreographed orders only 10 reached their pivot"},
		"NoneIsPaid":        {time.Minute, 10, 0, 10, "no choreographed order was paid"},
		"NoneIsRefused":     {time.Minute, 10, 10, 0, "no choreographed order was refused its capture"},
		"NoneIsOfThatStyle": {time.Minute, 0, 0, 0, "no choreographed order was paid"},
		"FewOfAShortRun":    {20 * time.Second, 30, 1, 1, ""},
		"NoneOfAShortRun":   {20 * time.Second, 32, 0, 1, "no choreographed order was paid"},
		"NoneIsRefusedInIt": {20 * time.Second, 31, 1, 0, "no choreographed order was refused its capture"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Report{
				Options: Options{For: tc.length}, Captured: tc.captured, CaptureRefused: tc.refused,
				Choreographed: map[string]int{"CANCELLED DEADLINE": tc.deadline, "CONFIRMED": tc.captured, "CANCELLED PAYMENT_DECLINED": tc.refused},
			}
			if tc.problem == "" {
				require.NoError(t, r.provePivot())
				require.NotContains(t, r.Err().Error(), "choreographed")
				return
			}
			require.ErrorContains(t, r.provePivot(), tc.problem)
			require.ErrorContains(t, r.Err(), tc.problem)
		})
	}
}
