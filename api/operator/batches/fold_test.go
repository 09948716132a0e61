package batches

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/services/user"
)

// Two user services keep the acts of one batch, and the clock of one is behind: its first note
// seems older than the batch.
func TestANoteThatSeemsOlderThanItsBatch(t *testing.T) {
	t.Parallel()
	begun := begin("B", "ada", contract.StartBatch{Action: contract.BatchRetry, Reason: "they are back", Orders: []string{"o1", "o2"}}, time.Now())
	note := user.Act{By: "bo", About: ofOrder + "o2", Did: string(contract.NoteSkipped), Batch: "B"}
	want := fold("B", append(slices.Clone(begun), note))
	require.Equal(t, []any{"retry", "they are back", "ada"}, []any{want.Action, want.Reason, want.By})
	require.Equal(t, []contract.BatchOrder{{Id: "o1", State: waiting}, {Id: "o2", State: "skipped", By: new("bo")}}, want.Orders)
	for i := range begun {
		require.Equal(t, want, fold("B", slices.Insert(slices.Clone(begun), i, note)))
	}
}
