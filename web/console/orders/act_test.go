package orders

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCents(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"12.50": 1250, "12,5": 1250, " 7 ": 700, "0.01": 1} {
		got, ok := cents(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "0", "-1", "1.234", ".5", "1e3", "1.2.3", "12.-5", "99999999999999999999"} {
		_, ok := cents(text)
		require.False(t, ok, text)
	}
}
