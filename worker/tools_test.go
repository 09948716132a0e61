package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/watch"
)

func TestMigrateTwiceIsOnce(t *testing.T) {
	t.Parallel()
	o := options(t, Names()...)
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, Migrate(t.Context(), o))
	for _, row := range registry {
		require.NoError(t, with(t.Context(), o, row.name, func(s *stores) error { return s.ready(t.Context()) }))
	}
}

func TestWithWatchRefusesADatabaseThatIsNotMigrated(t *testing.T) {
	t.Parallel()
	err := WithWatch(t.Context(), options(t, "order"), func(*watch.Watch) error { panic("it has no tables") })
	require.ErrorContains(t, err, "the database has not been migrated")
}
