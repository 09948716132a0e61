package saga

import "github.com/amends/amends/fault"

// Names of the handlers that every saga workflow has. Each takes the saga's id,
// so that one workflow may carry several sagas.
const (
	// QuerySaga takes a saga's id (a string) and answers its [View].
	QuerySaga = "saga"
	// UpdateCancel takes a [CancelRequest] and answers a [CancelResult].
	UpdateCancel = "cancel"
)

// Codes that a cancel is refused with. Temporal delivers them as the type of an
// ApplicationError.
const (
	// PastPivot says that the saga can only go forward.
	PastPivot fault.Code = "PAST_PIVOT"
	// AlreadyDecided says that the saga ended before.
	AlreadyDecided fault.Code = "ALREADY_DECIDED"
	// UnknownSaga says that the workflow has no saga of that id.
	UnknownSaga fault.Code = "UNKNOWN_SAGA"
)

// CancelRequest asks to decide a saga against.
type CancelRequest struct {
	Saga   string     `json:"saga"`
	Reason fault.Code `json:"reason"` // recorded as the saga's reason; empty is CUSTOMER_REQUEST
}

// CancelResult says what a cancel led to: [Compensating] while undo runs,
// [Aborted] when it has ended, or [Settling] while the pivot's outcome is not
// known and the wish waits for it.
type CancelResult struct {
	Phase Phase `json:"phase"`
}
