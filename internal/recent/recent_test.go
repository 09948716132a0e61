package recent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAddCountsByFiveMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var trend []int64
	for _, ago := range []time.Duration{0, Part - 1, Part, 59 * time.Minute, time.Hour, time.Hour + 1, -time.Minute} {
		trend = Add(trend, now.Add(-ago), now)
	}
	require.Equal(t, []int64{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3}, trend)
	require.Equal(t, make([]int64, Parts), Add(nil, now.Add(-2*time.Hour), now), "that there was none is known")
}
