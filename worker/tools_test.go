package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/worker/registry"
)

func TestMigrateTwiceIsOnce(t *testing.T) {
	t.Parallel()
	o := options(t, registry.Names()...)
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, Migrate(t.Context(), o))
	for _, row := range registry.All {
		require.NoError(t, With(t.Context(), o, row.Name, func(s *registry.Stores) error { return s.Ready(t.Context()) }))
	}
}

func TestWithWatchRefusesADatabaseThatIsNotMigrated(t *testing.T) {
	t.Parallel()
	err := WithWatch(t.Context(), options(t, "order"), func(*watch.Watch) error { panic("it has no tables") })
	require.ErrorContains(t, err, "the database has not been migrated")
}
