package query

import (
	"strconv"
	"strings"
	"time"
)

// Position is the place of an entry in the timeline of an order.
type Position struct {
	// Generation is that of the read model. Positions of another one mean nothing.
	Generation int64
	// Number counts the entries of the order from 1.
	Number int64
}

// String returns p as an id of a stream of events, "generation.number".
func (p Position) String() string {
	return strconv.FormatInt(p.Generation, 10) + "." + strconv.FormatInt(p.Number, 10)
}

// ParsePosition is the inverse of [Position.String]. It refuses with INVALID any other
// text.
func ParsePosition(s string) (Position, error) {
	generation, number, _ := strings.Cut(s, ".")
	g, err1 := strconv.ParseInt(generation, 10, 64)
	n, err2 := strconv.ParseInt(number, 10, 64)
	p := Position{g, n}
	if err1 != nil || err2 != nil || g < 0 || n < 0 || p.String() != s {
		return Position{}, invalid("%.64q is not a position", s)
	}
	return p, nil
}

// Entry is one fact about an order.
type Entry struct {
	Position Position
	// Fact is the fact without its version, for example "payment.captured".
	Fact string
	// Step is the step that the fact is about, as it was after it.
	Step Step
	// At is the time of the fact, UTC.
	At time.Time
	// Ends reports that the order is decided by the fact.
	Ends bool
}
