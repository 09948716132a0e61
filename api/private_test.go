package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/workflows"
)

// The names, words and references of operators are theirs: a customer's answer has none
// of them, whichever source it has.
func TestNoPublicAnswerTellsWhatOperatorsSaid(t *testing.T) {
	t.Parallel()

	v := bungled(someOrder)
	v.Acknowledgements = lookedAt(v)
	requireSilent := func(t *testing.T, text string) {
		t.Helper()
		require.Contains(t, text, someOrder)
		for _, words := range []string{
			"voided by hand", "night", "case 4711", "read the log", "day", "case 4712",
			"operator", "reference", "repairs", "waivers", "acknowledge",
		} {
			require.NotContains(t, text, words)
		}
	}

	for _, source := range []read.Source{read.FromWorkflow, read.FromRecord, read.FromEngine} {
		t.Run("Source/"+string(source), func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(apiorders.Render(read.Snapshot{OrderView: v, Source: source}))
			require.NoError(t, err)
			requireSilent(t, string(text))
			text, err = json.Marshal(operator.Render(read.Snapshot{OrderView: v, Source: source}))
			require.NoError(t, err)
			for _, words := range []string{"voided by hand", `"night"`, "case 4711", "read the log", `"day"`, "case 4712"} {
				require.Contains(t, string(text), words, "they see it")
			}
		})
	}

	shown := func(context.Context, string) (workflows.OrderView, error) { return v, nil }
	for name, know := range map[string]func(*testBundle){
		"workflow": func(b *testBundle) { b.temporal.query = shown },
		"engine":   func(b *testBundle) { b.temporal.query, b.temporal.result = silent, shown },
	} {
		t.Run("Routes/"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, quick)
			know(b)
			b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
			b.temporal.looked = v.Acknowledgements
			b.temporal.place = func(_ context.Context, s started) (workflows.PlaceResult, error) {
				return workflows.PlaceResult{Fingerprint: s.request().Fingerprint, Nonce: "of another call", Order: v}, nil
			}
			b.temporal.result = shown
			for _, answer := range []response{
				b.get(t), b.post(t, goodBody), b.post(t, goodBody, "Prefer: wait=1"),
				b.cancel(t),
			} {
				require.Equal(t, http.StatusOK, answer.StatusCode/100*100, answer.text)
				requireSilent(t, answer.text)
			}
		})
	}

	for _, name := range []string{"Waiver", "Repair", "Acknowledgement"} {
		spec, err := contract.LoadPublic()
		require.NoError(t, err)
		require.NotContains(t, spec.Components.Schemas, name, "the public contract does not even know of it")
	}
}
