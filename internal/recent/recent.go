// Package recent counts events of the last hour, by five minutes: whether a trouble goes on, or
// was over long ago.
package recent

import "time"

// An hour has Parts, each Part long.
const (
	Part  = 5 * time.Minute
	Parts = 12
)

// Add counts one that came at a time in a trend, which has a number for each part of the last hour,
// the oldest first, and returns it; nil: a new one. An earlier one is not in it, and one that
// the clock of another host has in the future came just now.
func Add(trend []int64, at, now time.Time) []int64 {
	if trend == nil {
		trend = make([]int64, Parts)
	}
	if ago := now.Sub(at); ago <= Parts*Part {
		trend[max(0, min(Parts-1, Parts-1-int(ago/Part)))]++
	}
	return trend
}
