package picture

import (
	"fmt"
	"strings"

	"github.com/amends/amends/internal/recent"
)

// Trend is a small picture of the counts of the last hour, laid out. All lengths are in pixels, from
// the upper left corner.
type Trend struct {
	Width, Height int
	Bars          []Bar
	Desc          string // the same in words
}

// Bar is one part of the hour. One without anything is a line.
type Bar struct{ X, Y, W, H int }

// Measures of a trend.
const (
	barWidth, barGap = 5, 2
	trendHeight      = 20
)

// DrawTrend lays out the counts of the parts of the last hour, the oldest first, see package
// recent; none: there is no picture.
func DrawTrend(counts []int64) Trend {
	if len(counts) == 0 {
		return Trend{}
	}
	t, most, said := Trend{Width: len(counts)*(barWidth+barGap) - barGap, Height: trendHeight}, int64(1), []string(nil)
	for _, n := range counts {
		most = max(most, n)
	}
	part := int(recent.Part.Minutes())
	for i, n := range counts {
		h := 1
		if n > 0 {
			h = max(3, int(n*trendHeight/most))
			said = append(said, fmt.Sprintf("%d from %d to %d minutes ago", n, part*(len(counts)-i), part*(len(counts)-1-i)))
		}
		t.Bars = append(t.Bars, Bar{X: i * (barWidth + barGap), Y: trendHeight - h, W: barWidth, H: h})
	}
	t.Desc = "none came in the last hour"
	if len(said) > 0 {
		t.Desc = "came in the last hour: " + strings.Join(said, ", ")
	}
	return t
}
