package signing_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/user/store"
	"github.com/amends/amends/services/user/store/signing"
)

func ids(keys token.Keys) (all []string) {
	for _, k := range keys {
		all = append(all, k.ID)
	}
	return all
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		ctx, now := t.Context(), time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		ring := func(seal byte) *signing.Ring {
			r, err := signing.New(db, bytes.Repeat([]byte{seal}, 32))
			require.NoError(t, err)
			return r
		}
		current := func(r *signing.Ring) string {
			k, err := r.Current(ctx, now)
			require.NoError(t, err)
			return k.ID
		}
		public := func() []string {
			keys, err := ring(1).Public(ctx, now)
			require.NoError(t, err)
			return ids(keys)
		}
		r := ring(1)
		first := current(r)
		require.Equal(t, first, current(ring(1)), "another process has the same")
		require.Equal(t, []string{first}, public())
		var sealed string
		require.NoError(t, db.Raw("SELECT sealed FROM signing_keys").Scan(&sealed).Error)
		k, err := r.Current(ctx, now)
		require.NoError(t, err)
		require.NotContains(t, sealed, string(k.Key.Seed()))

		now = now.Add(signing.Every - signing.Announced)
		require.Equal(t, first, current(r))
		both := public()
		require.Len(t, both, 2, "the next one is announced")
		require.Equal(t, first, both[1])
		now = now.Add(signing.Announced)
		require.Equal(t, both[0], current(r))
		require.Equal(t, both, public(), "tokens of the first are valid yet")
		now = now.Add(signing.Kept + time.Second)
		require.Equal(t, both[:1], public())

		changed := ring(2)
		other := current(changed)
		require.NotContains(t, both, other, "what it cannot open it cannot use")
		require.Equal(t, []string{other, both[0]}, public())
		require.Equal(t, other, current(changed))
		now = now.Add(time.Hour)
		require.Equal(t, both[0], current(ring(1)), "a process with the old secret signs on")
	})
}
