package route

import (
	"strconv"
	"time"
)

// Tolerance is a difference that is none: of two numbers, or of two times.
type Tolerance struct {
	Number float64
	Time   time.Duration
}

// ParseTolerance reads a number such as 0.5 or a duration such as 2s. The zero Tolerance is
// for neither, and for those that are not above 0.
func ParseTolerance(text string) Tolerance {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 {
		return Tolerance{Number: n}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return Tolerance{Time: d}
	}
	return Tolerance{}
}
