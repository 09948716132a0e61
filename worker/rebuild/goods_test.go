package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/query/store/compare"
	"github.com/amends/amends/worker/rebuild"
)

// TestGoodsThatAreLateAreNoDifference: unless they stay so after all that the broker had is
// applied, or the read model is behind for too long.
func TestGoodsThatAreLateAreNoDifference(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		b.trade(t, 0, 3)
		_, err := b.rebuild.Run(t.Context())
		require.NoError(t, err)
		b.follow(t)
		goods := rebuild.NewGoods(compare.New(b.db), b.owners)
		type answer struct {
			words []string
			err   error
		}
		asked := func(patience time.Duration) <-chan answer {
			c := make(chan answer, 1)
			go func() {
				words, err := goods.Differ(t.Context(), patience)
				c <- answer{words, err}
			}()
			return c
		}
		require.Equal(t, answer{}, <-asked(0))

		b.trade(t, 3, 6)
		waits := asked(time.Minute)
		b.follow(t)
		require.Equal(t, answer{}, <-waits, "they came in time")

		b.trade(t, 6, 9)
		a := <-asked(0)
		require.NoError(t, a.err)
		require.Len(t, a.words, 2, "%v: the broker does not tell", a.words)
		require.NoError(t, b.query.Stand(t.Context(), 3, time.Now().Add(-time.Hour)))
		require.Len(t, (<-asked(0)).words, 2, "too far behind")
		require.NoError(t, b.query.Stand(t.Context(), 3, time.Now().Add(-time.Minute)))
		select {
		case a := <-asked(20 * time.Second):
			require.Equal(t, answer{}, a, "nothing is judged behind a dead letter")
		case <-time.After(15 * time.Second):
			require.Fail(t, "nothing is waited for behind a dead letter")
		}
		require.NoError(t, b.query.Stand(t.Context(), 3, time.Now().Add(-time.Second)))
		behind := asked(0)
		select {
		case a := <-behind:
			require.Fail(t, "it is behind", "%v", a)
		case <-time.After(100 * time.Millisecond):
		}
		require.NoError(t, b.query.Stand(t.Context(), 0, time.Now().Add(time.Minute)))
		require.Len(t, (<-behind).words, 2, "it has heard all")

		b.follow(t)
		require.Equal(t, answer{}, <-asked(0))
	})
}
