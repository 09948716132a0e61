package query

import (
	"time"

	"github.com/amends/amends/fault"
)

// Codes of rebuilds.
const (
	// OldGeneration refuses a rebuild while the generation before the last switch is kept.
	OldGeneration fault.Code = "OLD_GENERATION"
	// NotLoading refuses to load or to switch to a generation that is not being loaded:
	// another rebuild has ended or dropped it.
	NotLoading fault.Code = "NOT_LOADING"
)

// Projection tells how far a projection has come.
type Projection struct {
	// Name is "orders", "products", "stock" or "timeline".
	Name string
	// Generation is the one that answers.
	Generation int64
	// Events is how many events it has applied in that generation.
	Events int64
	// Newest is the time of the newest event that it has applied, UTC; zero: none.
	Newest time.Time
	// Behind is how many events the broker has for the read model that are not applied,
	// of all projections together; -1 if the broker does not tell.
	Behind int64
	// AsOf is the time up to which the read model has all that the broker had, UTC, or the
	// zero time if the broker does not tell. It is also that of every answer.
	AsOf time.Time
	// Lag is the time since AsOf while events are behind, else 0.
	Lag time.Duration
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
