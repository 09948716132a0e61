package saga

import (
	"cmp"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Names of the handlers that every saga workflow has. Each takes the saga's id,
// so that one workflow may carry several sagas; the empty id is the only one of a
// workflow. [Show], [Cancel] and [RepairStep] call them.
const (
	// QuerySaga takes a saga's id (a string) and answers its [View].
	QuerySaga = "saga"
	// UpdateCancel takes a [CancelRequest] and answers a [CancelResult].
	UpdateCancel = "cancel"
)

// Codes of a refused cancel. Temporal delivers them as the type of an
// ApplicationError.
const (
	// PastPivot means that the saga can only go forward.
	PastPivot fault.Code = "PAST_PIVOT"
	// AlreadyDecided means that the saga has ended.
	AlreadyDecided fault.Code = "ALREADY_DECIDED"
	// Stopped means that the workflow was closed before its saga ended: it was terminated, has
	// timed out or failed. What its steps hold, they hold still.
	Stopped fault.Code = "SAGA_STOPPED"
	// UnknownSaga means that the workflow has no saga with that id.
	UnknownSaga fault.Code = "UNKNOWN_SAGA"
)

// CancelRequest asks to abort a saga.
type CancelRequest struct {
	Saga   string     `json:"saga"`
	Reason fault.Code `json:"reason"` // the saga's reason; empty is CUSTOMER_REQUEST
}

// CancelResult is the phase that a cancel led to: [Compensating] while undo runs,
// [Aborted] when it has ended, or [Settling] while the pivot's outcome is unknown
// and the cancel waits for it.
type CancelResult struct {
	Phase Phase `json:"phase"`
}

// validateCancel refuses a cancel that is too late; a refused update leaves no trace
// in the history. A cancel that comes before the first saga has begun is accepted,
// and waits for it.
func (h *host) validateCancel(req CancelRequest) error {
	if h.early() {
		return nil
	}
	r, err := h.find(req.Saga)
	switch {
	case err != nil:
		return err
	case r.over():
		return refuse(AlreadyDecided, "the saga has ended")
	case r.phase == Completing:
		return refuse(PastPivot, "the saga is past its point of no return")
	}
	return nil
}

// cancel asks to abort the saga and waits until it is clear whether it is aborted: a
// scheduled pivot decides by its outcome.
func (h *host) cancel(ctx workflow.Context, req CancelRequest) (CancelResult, error) {
	rest, _ := workflow.NewDisconnectedContext(ctx) // a Temporal cancel request asks for the same
	if err := workflow.Await(rest, func() bool { return !h.early() }); err != nil {
		return CancelResult{}, err
	}
	r, err := h.find(req.Saga)
	if err != nil {
		return CancelResult{}, err
	}
	r.wishFor(cmp.Or(req.Reason, CustomerRequest))
	r.await(rest, func() bool {
		stuck := r.phase == Settling && r.pivotParked()
		return stuck || r.phase == Compensating || r.phase == Completing || r.over()
	})
	if r.phase == Completing || r.phase == Committed {
		return CancelResult{}, refuse(PastPivot, "the saga is past its point of no return")
	}
	return CancelResult{Phase: r.phase}, nil
}
