package worker

import (
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping/carrier"
)

// sentences say what a code means to somebody who has to do something about it.
// The list has every code of the services; a test holds it to that.
var sentences = map[fault.Code]string{
	fault.Unavailable: "something that the step needs does not answer, its database for example",
	fault.Timeout:     "no answer came in time: its worker is down, or what it calls is too slow",
	fault.Suspended:   "an earlier run of the saga was decided against and left no reason",
	fault.Mismatch:    "the step was asked for twice under one key and with other contents, which is a bug",
	fault.NotFound:    "what the step works on is not there: a bug, or a database that was restored",
	fault.Invalid:     "the step's request breaks a rule that no retry can mend, which is a bug",
	fault.Conflict:    "the service's records contradict the step: a bug, or a database that was restored",
	fault.Internal:    "an internal error, which its worker's log explains",

	"SAGA_TERMINATED": "somebody has terminated the order's workflow: nothing works on it, and nothing was undone",
	"SAGA_FAILED":     "the order's workflow has failed: nothing works on it",
	"SAGA_TIMEDOUT":   "the order's workflow was given a timeout, which has passed: nothing works on it",
	"SAGA_CANCELED":   "the order's workflow ended as canceled: nothing works on it",

	saga.TakenAfterWaiver: "somebody gave up on undoing the step, and a later run has taken it again: look at what it holds, and put that right",

	order.IllegalTransition:    "the order has ended otherwise before: a bug, or a database that was restored",
	order.NotDecided:           "the order is not decided, so it cannot be acknowledged",
	order.NothingToAcknowledge: "the order needs no attention, so there is nothing to acknowledge",
	order.ReasonMissing:        "nobody said why",

	catalog.UnknownSKU:       "a product is unknown or not active",
	catalog.CurrencyMismatch: "a product has no price in the order's currency",

	inventory.OutOfStock:  "there is too little stock",
	inventory.NothingHeld: "no stock is reserved for the order: a bug, or a database that was restored",

	payment.CardDeclined:                "the card was declined",
	payment.InsufficientFunds:           "there is too little money on the card's account",
	payment.ExpiredCard:                 "the card has expired",
	payment.CaptureDeclined:             "the payment provider declined to capture the money",
	payment.AuthExpired:                 "the authorization has expired",
	payment.RefundExceedsCapture:        "the refund is larger than what was captured",
	payment.NothingAuthorized:           "no money is authorized for the order: a bug, or a database that was restored",
	payment.NothingCaptured:             "no money was captured for the order: a bug, or a database that was restored",
	payment.CaptureExceedsAuthorization: "the capture is larger than what was authorized, which is a bug",
	payment.ProviderTimeout:             "the payment provider gave no answer",
	payment.ProviderUnavailable:         "the payment provider is not available",
	payment.Unbalanced:                  "the postings of the ledger do not sum to zero, which is a bug",

	carrier.Undeliverable: "the carrier does not deliver to the address",
	carrier.Unavailable:   "the carrier is not available",
	carrier.Timeout:       "the carrier gave no answer",
}

// unsures say what is not known while a step's outcome is not. Of a step with an
// undo it is whether its effect still stands: what is flagged is the undo.
var unsures = map[string]string{
	"inventory.reserve": "the stock is still held",
	"payment.authorize": "the money is still held",
	"shipping.book":     "parcels are still booked",
	"payment.capture":   "the money was taken",
	"inventory.commit":  "the stock was handed out",
	"order.confirm":     "the order was recorded as confirmed",
	"order.decide":      "the decision against the order was recorded",
	"order.cancel":      "the order was recorded as cancelled",
}

// InWords says why a step needs attention, whose last attempt failed with a code
// of a kind.
func InWords(step string, code fault.Code, kind fault.Kind) string {
	why, known := sentences[code]
	if !known {
		why = "the last attempt failed with " + string(code)
	}
	if kind != fault.Unknown {
		return why
	}
	what, known := unsures[step]
	if !known {
		what = step + " took effect"
	}
	return "it is not known whether " + what + ": " + why
}

// ends say how a workflow ended that should not have.
var ends = map[enumspb.WorkflowExecutionStatus]string{
	enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: "somebody has terminated its workflow: nothing works on it, and nothing was undone",
	enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:   "its workflow ended as canceled: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:     "its workflow has failed: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  "its workflow was given a timeout, which has passed: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:  "its workflow has decided it, and its record does not know: a database that was restored",
}

// taskFailures say why a workflow task fails.
var taskFailures = map[enumspb.WorkflowTaskFailedCause]string{
	enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR:           "its history does not fit the workflow code that the workers have",
	enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: "the workflow code panics, or a worker on its queue does not have it",
}
