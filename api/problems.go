package api

import (
	"net/http"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// Codes of this API, beside those of package fault and saga. Clients keep them:
// they are only ever added.
const (
	codeBadRequest           fault.Code = "BAD_REQUEST"
	codeMalformedBody        fault.Code = "MALFORMED_BODY"
	codeKeyMissing           fault.Code = "IDEMPOTENCY_KEY_MISSING"
	codeKeyInvalid           fault.Code = "IDEMPOTENCY_KEY_INVALID"
	codeKeyReused            fault.Code = "IDEMPOTENCY_KEY_REUSED"
	codeOrderIDInvalid       fault.Code = "ORDER_ID_INVALID"
	codeMethodNotAllowed     fault.Code = "METHOD_NOT_ALLOWED"
	codeNotAcceptable        fault.Code = "NOT_ACCEPTABLE"
	codeBodyTooLarge         fault.Code = "BODY_TOO_LARGE"
	codeMediaTypeUnsupported fault.Code = "UNSUPPORTED_MEDIA_TYPE"
	codeEncodingUnsupported  fault.Code = "UNSUPPORTED_CONTENT_ENCODING"
	codeValidationFailed     fault.Code = "VALIDATION_FAILED"
	codePlacementUnknown     fault.Code = "PLACEMENT_UNKNOWN"
	codeSagaStopped          fault.Code = "SAGA_STOPPED"
	codeUnauthorized         fault.Code = "UNAUTHORIZED"
	codeNoOperators          fault.Code = "NO_OPERATORS"
)

// problemKind is what all problems of one code share.
type problemKind struct {
	status int
	title  string
	advice string // the detail, if there is none that says more
}

// problems is the one table from codes to HTTP.
var problems = map[fault.Code]problemKind{
	codeBadRequest:                 {http.StatusBadRequest, "The request cannot be read", "A header or the path is malformed."},
	codeMalformedBody:              {http.StatusBadRequest, "The body cannot be read", "The body is not the JSON object that is expected here; see errors."},
	codeKeyMissing:                 {http.StatusBadRequest, "The Idempotency-Key is missing", "Send an Idempotency-Key header with a fresh UUID for each order, and repeat it when you repeat the request."},
	codeKeyInvalid:                 {http.StatusBadRequest, "The Idempotency-Key is invalid", "It must be given once and have 1 to 255 visible ASCII characters, bare or in double quotes."},
	codeOrderIDInvalid:             {http.StatusBadRequest, "This is not an order's id", "An order's id is a UUID."},
	codeUnauthorized:               {http.StatusUnauthorized, "This is for operators", "Send Authorization: Bearer with the secret of one of the operators that operator_tokens (AMENDS_OPERATOR_TOKENS) names."},
	codeNoOperators:                {http.StatusForbidden, "Nobody may repair here", "No operator is configured. Start the API with operator_tokens (AMENDS_OPERATOR_TOKENS=name=secret,name2=secret2), secrets of at least 16 characters."},
	fault.NotFound:                 {http.StatusNotFound, "Not found", "There is no such order, or it is not yours."},
	codeMethodNotAllowed:           {http.StatusMethodNotAllowed, "The method is not allowed here", "See the Allow header."},
	codeNotAcceptable:              {http.StatusNotAcceptable, "No acceptable answer", "Answers are application/json."},
	saga.PastPivot:                 {http.StatusConflict, "It is too late to cancel", "The payment is being captured or was captured; the order can only go forward."},
	saga.NotFlagged:                {http.StatusConflict, "The step needs no repair", "It makes progress or has ended. Only a flagged step can be repaired: look at the order again."},
	saga.ClosingStep:               {http.StatusConflict, "A closing step cannot be skipped", "The order is decided, and this step is part of its end. Mend what keeps it from succeeding; then retry."},
	saga.PivotStep:                 {http.StatusConflict, "The outcome of the pivot cannot be waived", "Nothing is undone on a guess. Find out at the provider; then retry."},
	saga.AlreadyDecided:            {http.StatusConflict, "The order is decided", "Its saga has ended; there is nothing left to repair. If it is flagged still, acknowledge that."},
	workflows.SagaRuns:             {http.StatusConflict, "The order's saga runs", "What it has flagged may still heal. Repair the step that is flagged: retry it, or skip its undo."},
	workflows.NotDecided:           {http.StatusConflict, "The order is not decided", "Only a decided order is acknowledged. Repair the step that is flagged; a saga that was stopped, amends doctor takes up again."},
	workflows.NothingToAcknowledge: {http.StatusConflict, "There is nothing to acknowledge", "The order needs no attention."},
	codeSagaStopped:                {http.StatusConflict, "Nothing works on this order any more", "Its saga was stopped before it decided; an operator has to look at it."},
	codeBodyTooLarge:               {http.StatusRequestEntityTooLarge, "The body is too large", "Send less."},
	codeMediaTypeUnsupported:       {http.StatusUnsupportedMediaType, "The media type is not supported", "Send Content-Type: application/json."},
	codeEncodingUnsupported:        {http.StatusUnsupportedMediaType, "The content encoding is not supported", "Send the body uncompressed."},
	codeValidationFailed:           {http.StatusUnprocessableEntity, "The request breaks a rule", "See errors for every field that does."},
	saga.UnknownStep:               {http.StatusUnprocessableEntity, "The order's saga has no such step", "The steps of the order are those of its steps list."},
	saga.ReasonMissing:             {http.StatusUnprocessableEntity, "The reason is missing", "Say why, for those who look later."},
	saga.ReferenceMissing:          {http.StatusUnprocessableEntity, "The reference is missing", "The step holds money: say where to find what was done instead, for example the number of a refund."},
	codeKeyReused:                  {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request", "Nothing was changed. Use a fresh key for another order."},
	fault.Internal:                 {http.StatusInternalServerError, "Internal error", "Name the request_id when you ask for help."},
	fault.Unavailable:              {http.StatusServiceUnavailable, "Temporarily unavailable", "Nothing was started by this request. Try again after Retry-After seconds."},
	codePlacementUnknown:           {http.StatusServiceUnavailable, "It is not known yet whether the order was placed", "The order may exist, at Location. Repeat the request with the same Idempotency-Key after Retry-After seconds: it never makes a second order."},
}
