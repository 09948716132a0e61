package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/outbox"
)

func TestFindTellsHowAnEventStands(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, tell(t.Context(), db, changed.New("MUG", "", change{1}), changed.New("POT", "", change{2})))
		var ids []string
		require.NoError(t, db.Raw("SELECT event_id FROM outbox ORDER BY id").Scan(&ids).Error)
		find := func(id string) outbox.Told {
			told, ok, err := outbox.Find(t.Context(), db, id)
			require.NoError(t, err)
			require.True(t, ok)
			return told
		}
		told := find(ids[0])
		require.Equal(t, outbox.Told{ID: ids[0], Type: changed.Type(), Key: "MUG", At: told.At, Data: []byte(`{"n":1}`)}, told, "it waits")
		require.WithinDuration(t, time.Now(), told.At, time.Hour)

		start(t, outbox.NewRelay(db, &refusing{Memory: eventtest.NewMemory(), data: `{"n":2}`}, options()))
		eventually(t, func() bool { return count(t, db, "published_at IS NULL AND dead_at IS NULL") == 0 })
		told = find(ids[0])
		require.NotNil(t, told.Published)
		require.EqualValues(t, 1, told.Position)
		require.Nil(t, told.Refused)
		told = find(ids[1])
		require.Nil(t, told.Published)
		require.NotNil(t, told.Refused)
		require.NotEmpty(t, told.Reason)

		_, ok, err := outbox.Find(t.Context(), db, "another")
		require.NoError(t, err)
		require.False(t, ok)
	})
}
