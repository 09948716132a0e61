package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	orderstore "github.com/amends/amends/services/order/store"
)

// TestChangesAreThoseOfAWindowAndWhatHasNotEnded: each once, in pages of every size.
func TestChangesAreThoseOfAWindowAndWhatHasNotEnded(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		from := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
		until, before := from.Add(time.Hour), from.Add(-time.Microsecond)
		set := func(statement string, args ...any) {
			t.Helper()
			res := b.db.Exec(statement, args...)
			require.NoError(t, res.Error)
			require.Positive(t, res.RowsAffected)
		}
		for id, at := range map[string]time.Time{
			"decided-before": before, "decided-first": from, "decided-last": until.Add(-time.Microsecond), "decided-after": until, "flag-old": before, "flag-new": before,
		} {
			b.create(t, id)
			_, err := b.Confirm(t.Context(), confirm(id), confirmed())
			require.NoError(t, err)
			set("UPDATE orders SET updated_at = ? WHERE id = ?", at, id)
		}
		set("UPDATE orders SET needs_attention = true, noted_at = ? WHERE id = 'flag-old'", before)
		set("UPDATE orders SET noted_at = ? WHERE id = 'flag-new'", from)
		for id, at := range map[string]time.Time{"refund-before": before, "refund-new": from, "refund-open": {}} {
			b.opened(t, id, "of "+id, 7)
			set("UPDATE orders SET updated_at = ? WHERE id = ?", before, id)
			if !at.IsZero() {
				set("UPDATE order_refunds SET status = 'DONE', closed_at = ? WHERE order_id = ?", at, id)
			}
		}
		b.create(t, "undecided")
		set("UPDATE orders SET updated_at = ? WHERE id = 'undecided'", before)

		want := []string{"decided-first", "decided-last", "flag-new", "flag-old", "refund-new", "refund-open", "undecided"}
		for limit := range len(want) + 2 { // 0: all
			var got []string
			w := audit.Window{Range: audit.Range{Limit: limit}, From: from, Until: until}
			for {
				page, err := b.Changed(t.Context(), w)
				require.NoError(t, err)
				got = append(got, page.Facts...)
				if w.After = page.Next; w.After == "" {
					break
				}
				require.Len(t, page.Facts, limit)
			}
			require.Equal(t, want, got, "limit %d", limit)
		}
		page, err := b.Changed(t.Context(), audit.Window{Range: audit.Range{After: "flag-new", To: "refund-new"}, From: from, Until: until})
		require.NoError(t, err)
		require.Equal(t, []string{"flag-old", "refund-new"}, page.Facts)
	})
}

// TestChangesAreReadFromIndexes: as often as the doctor asks, not all orders are read.
func TestChangesAreReadFromIndexes(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		if b.db.Name() != "sqlite" { // which decides without statistics
			return
		}
		w := audit.Window{Range: audit.Range{After: "a", To: "b", Limit: 500}, From: time.Unix(0, 0), Until: time.Unix(1, 0)}
		plans := dbtest.Plans(t, b.db, func(db *gorm.DB) {
			_, err := orderstore.New(db).Changed(t.Context(), w)
			require.NoError(t, err)
		})
		var indexes []string
		for step := range strings.Lines(plans[len(plans)-1]) {
			require.NotContains(t, step, "SCAN order")
			if _, of, found := strings.Cut(step, " INDEX "); found && strings.Contains(step, "SEARCH") {
				indexes = append(indexes, strings.Fields(of)[0])
			}
		}
		require.Equal(t, []string{"orders_updated", "orders_noted", "orders_pending", "orders_needs_attention", "order_refunds_closed"}, indexes[:5], plans)
	})
}
