package problem

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// Unlisted returns the problem of a list that a service did not answer. A question changes
// nothing, so one without a known outcome can be repeated: it is UNAVAILABLE, with detail.
// All that a service can refuse of a query that follows the contract is the cursor.
func Unlisted(err error, detail string) error {
	switch {
	case fault.CodeOf(err) == fault.Invalid:
		return ForeignCursor(err)
	case fault.KindOf(err) == fault.Transient, fault.KindOf(err) == fault.Unknown:
		return &Problem{Code: fault.Unavailable, Detail: detail, Cause: err}
	default:
		return err
	}
}

// ForeignCursor returns the problem of a cursor that no page of the list has answered; cause
// may be nil.
func ForeignCursor(cause error) *Problem {
	p := New(ValidationFailed, "")
	p.Errors, p.Cause = []contract.FieldError{Field("/cursor", FieldNotAllowed, "is not one of this list")}, cause
	return p
}

// NoReadModel returns the problem of a server that has none.
func NoReadModel() *Problem { return New(fault.Unavailable, "The read model is not configured here.") }
