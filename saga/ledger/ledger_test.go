package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

// Histories, query answers and databases hold this JSON: its names never change.
func TestJSON(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 5, 4, 12, 0, 0, 123456789, time.UTC)
	for want, v := range map[string]any{
		`{"step":"s","code":"C","kind":"bug","since":"2026-05-04T12:00:00.123456789Z","owed":"money held","lasting":true}`: ledger.Attention{
			Step: "s", Code: "C", Kind: fault.Bug, Since: at, Owed: "money held", Lasting: true,
		},
		`{"step":"s","code":"C","owed":"money held","reason":"why","operator":"op","reference":"r","at":"2026-05-04T12:00:00.123456789Z"}`: ledger.Waiver{
			Step: "s", Code: "C", Owed: "money held", Reason: "why", Operator: "op", Reference: "r", At: at,
		},
		`{"reason":"why","operator":"op"}`: ledger.Acknowledgement{Reason: "why", Operator: "op"},
	} {
		got, err := json.Marshal(v)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
}

func TestBriefCutsBetweenCharacters(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("é", 100)
	w := ledger.Waiver{Reason: long, Operator: "op", Reference: "x" + long}.Brief()
	require.Equal(t, "op", w.Operator)
	for _, text := range []string{w.Reason, w.Reference} {
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, len(text), 120+len("…"))
		require.True(t, strings.HasSuffix(text, "…"))
	}
}
