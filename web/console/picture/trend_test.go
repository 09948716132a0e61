package picture

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATrendShowsWhenItCame(t *testing.T) {
	t.Parallel()
	p := DrawTrend([]int64{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 20, 40})
	require.Equal(t, "came in the last hour: 1 from 45 to 40 minutes ago, 20 from 10 to 5 minutes ago, 40 from 5 to 0 minutes ago", p.Desc)
	require.Len(t, p.Bars, 12)
	var heights []int
	for _, b := range p.Bars {
		require.Equal(t, p.Height, b.Y+b.H, "all stand on one line")
		require.LessOrEqual(t, b.X+b.W, p.Width)
		heights = append(heights, b.H)
	}
	require.Equal(t, []int{1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 10, 20}, heights, "what is little is seen")
	require.Equal(t, "none came in the last hour", DrawTrend(make([]int64, 12)).Desc)
	require.Empty(t, DrawTrend(nil).Bars, "it is not known")
}
