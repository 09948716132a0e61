package saga

import (
	"errors"
	"slices"

	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
)

// QueryRepair is the query with which an operator tries a repair. It takes a [RepairRequest] and
// answers a [Verdict] of the rules by which [UpdateRepair] is accepted. A query changes nothing.
const QueryRepair = "repairable"

// Verdict is the answer to a repair that is only tried.
type Verdict struct {
	Code    fault.Code `json:"code,omitempty"` // with which it would be refused; empty: it would be made
	Message string     `json:"message,omitempty"`
}

// judge answers [QueryRepair].
func (h *host) judge(q RepairRequest) (Verdict, error) {
	err := h.validateRepair(q)
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return Verdict{fault.Code(app.Type()), app.Message()}, nil
	}
	return Verdict{}, err
}

// Pivot returns the name of the pivot, empty for a plan that has none.
func (p Plan) Pivot() string { return p.pivot }

// Forward returns the names of the steps that take a saga of the plan to its end, in order.
func (p Plan) Forward() (names []string) {
	for _, s := range p.steps {
		if !slices.Contains(p.aborted, s.name) {
			names = append(names, s.name)
		}
	}
	return names
}

// Back returns the names of the steps that are asked to take a saga of the plan back: first those
// that record its decision, then those with an undo, the last one first, then those of its
// aborted end.
func (p Plan) Back() []string {
	var first, undo, last []string
	for _, s := range p.steps {
		switch ends := slices.Contains(p.aborted, s.name); {
		case ends && s.kind == Recorded:
			first = append(first, s.name)
		case ends:
			last = append(last, s.name)
		case s.kind == Compensatable:
			undo = append(undo, s.name)
		}
	}
	slices.Reverse(undo)
	return slices.Concat(first, undo, last)
}
