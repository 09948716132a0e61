package api

import (
	"net/http"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
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
)

// problemKind is what all problems of one code share.
type problemKind struct {
	status int
	title  string
	advice string // the detail, if there is none that says more
}

// problems is the one table from codes to HTTP.
var problems = map[fault.Code]problemKind{
	codeBadRequest:           {http.StatusBadRequest, "The request cannot be read", "A header or the path is malformed."},
	codeMalformedBody:        {http.StatusBadRequest, "The body cannot be read", "The body is not the JSON object that is expected here; see errors."},
	codeKeyMissing:           {http.StatusBadRequest, "The Idempotency-Key is missing", "Send an Idempotency-Key header with a fresh UUID for each order, and repeat it when you repeat the request."},
	codeKeyInvalid:           {http.StatusBadRequest, "The Idempotency-Key is invalid", "It must be given once and have 1 to 255 visible ASCII characters, bare or in double quotes."},
	codeOrderIDInvalid:       {http.StatusBadRequest, "This is not an order's id", "An order's id is a UUID."},
	fault.NotFound:           {http.StatusNotFound, "Not found", "There is no such order, or it is not yours."},
	codeMethodNotAllowed:     {http.StatusMethodNotAllowed, "The method is not allowed here", "See the Allow header."},
	codeNotAcceptable:        {http.StatusNotAcceptable, "No acceptable answer", "Answers are application/json."},
	saga.PastPivot:           {http.StatusConflict, "It is too late to cancel", "The payment is being captured or was captured; the order can only go forward."},
	codeSagaStopped:          {http.StatusConflict, "Nothing works on this order any more", "Its saga was stopped before it decided; an operator has to look at it."},
	codeBodyTooLarge:         {http.StatusRequestEntityTooLarge, "The body is too large", "Send less."},
	codeMediaTypeUnsupported: {http.StatusUnsupportedMediaType, "The media type is not supported", "Send Content-Type: application/json."},
	codeEncodingUnsupported:  {http.StatusUnsupportedMediaType, "The content encoding is not supported", "Send the body uncompressed."},
	codeValidationFailed:     {http.StatusUnprocessableEntity, "The request breaks a rule", "See errors for every field that does."},
	codeKeyReused:            {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request", "Nothing was changed. Use a fresh key for another order."},
	fault.Internal:           {http.StatusInternalServerError, "Internal error", "Name the request_id when you ask for help."},
	fault.Unavailable:        {http.StatusServiceUnavailable, "Temporarily unavailable", "Nothing was started by this request. Try again after Retry-After seconds."},
	codePlacementUnknown:     {http.StatusServiceUnavailable, "It is not known yet whether the order was placed", "The order may exist, at Location. Repeat the request with the same Idempotency-Key after Retry-After seconds: it never makes a second order."},
}
