package visit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheKeyOfAnIntentStaysUntilItsOutcomeIsSeen(t *testing.T) {
	t.Parallel()
	i := NewIntents()
	first := i.Key("ann", "1")
	require.Equal(t, first, i.Key("ann", "1"))
	require.NotEqual(t, first, i.Key("ann", "2"))
	require.NotEqual(t, first, i.Key("bob", "1"))
	require.NotEqual(t, first, NewIntents().Key("ann", "1"), "it cannot be guessed")

	i.Seen("ann", "1", "another key")
	i.Seen("bob", "1", first)
	require.Equal(t, first, i.Key("ann", "1"))
	i.Seen("ann", "1", first)
	second := i.Key("ann", "1")
	require.NotEqual(t, first, second)
	i.Seen("ann", "1", first) // a reload
	require.Equal(t, second, i.Key("ann", "1"))
}
