package events_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
)

// told are the attributes of all events that were told, by id.
type told map[string]string

// read adds the events of an outbox. All must be published.
func (all told) read(t *testing.T, db *gorm.DB, want int) {
	t.Helper()
	var rows []struct {
		EventID, Meta string
		Published     bool
	}
	require.NoError(t, db.Raw("SELECT event_id, meta, published_at IS NOT NULL AS published FROM outbox ORDER BY id").Scan(&rows).Error)
	require.Len(t, rows, want, "each saga tells once, however often its step is repeated")
	for _, r := range rows {
		require.True(t, r.Published, r.EventID)
		all[r.EventID] = r.Meta
	}
}

// effects returns the number of effects of a group.
func effects(db *gorm.DB, group string) (n int) {
	if db.Raw("SELECT count(*) FROM effect WHERE group_name = ?", group).Scan(&n).Error != nil {
		return 0 // the database is away
	}
	return n
}

// letters returns the number of letters of a group that wait or are dead.
func letters(ctx context.Context, db *gorm.DB, group string) int64 {
	s, err := waiting.Stand(ctx, db, group)
	if err != nil {
		return -1
	}
	return s.Waiting + s.Dead
}

// judge requires that each event has one effect in the group, each saga one, and that
// the numbers of each key of each service count up without a gap.
func (all told) judge(t *testing.T, db *gorm.DB, group string) {
	t.Helper()
	require.Zero(t, letters(t.Context(), db, group), "letters of %s", group)
	var rows []effect
	require.NoError(t, db.Where("group_name = ?", group).Order("position").Find(&rows).Error)
	last, events, sagas := map[string]int64{}, map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		require.NotEmpty(t, all[r.EventID], "%s: never told: %+v", group, r)
		require.False(t, events[r.EventID] || sagas[r.Saga], "%s: doubled: %+v", group, r)
		events[r.EventID], sagas[r.Saga] = true, true
		of := r.Type + " " + r.EventKey
		require.Equal(t, last[of]+1, r.N, "%s: the order of %s", group, of)
		last[of] = r.N
	}
	require.Len(t, events, len(all), "%s: lost", group)
	fmt.Printf("events: %s, %s: %d told, %d handled, 0 lost, 0 doubled, in order on %d keys\n", strings.TrimPrefix(t.Name(), "Test"), group, len(all), len(rows), len(last))
}
