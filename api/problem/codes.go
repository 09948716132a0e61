package problem

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// Codes of the HTTP faces, beside those of the packages that refuse requests.
// Clients keep them: codes are only ever added.
const (
	BadRequest           fault.Code = "BAD_REQUEST"
	MalformedBody        fault.Code = "MALFORMED_BODY"
	KeyMissing           fault.Code = "IDEMPOTENCY_KEY_MISSING"
	KeyInvalid           fault.Code = "IDEMPOTENCY_KEY_INVALID"
	OrderIDInvalid       fault.Code = "ORDER_ID_INVALID"
	MethodNotAllowed     fault.Code = "METHOD_NOT_ALLOWED"
	NotAcceptable        fault.Code = "NOT_ACCEPTABLE"
	BodyTooLarge         fault.Code = "BODY_TOO_LARGE"
	MediaTypeUnsupported fault.Code = "UNSUPPORTED_MEDIA_TYPE"
	EncodingUnsupported  fault.Code = "UNSUPPORTED_CONTENT_ENCODING"
	ValidationFailed     fault.Code = "VALIDATION_FAILED"
	Unauthorized         fault.Code = "UNAUTHORIZED"
	NoOperators          fault.Code = "NO_OPERATORS"
)

// Codes of one field of a body.
const (
	FieldRequired   fault.Code = "REQUIRED"
	FieldUnknown    fault.Code = "UNKNOWN_FIELD"
	FieldWrongType  fault.Code = "WRONG_TYPE"
	FieldTooShort   fault.Code = "TOO_SHORT"
	FieldTooLong    fault.Code = "TOO_LONG"
	FieldTooFew     fault.Code = "TOO_FEW"
	FieldTooMany    fault.Code = "TOO_MANY"
	FieldTooSmall   fault.Code = "TOO_SMALL"
	FieldTooLarge   fault.Code = "TOO_LARGE"
	FieldNotAllowed fault.Code = "NOT_ALLOWED"
	FieldDuplicate  fault.Code = "DUPLICATE_SKU"
	FieldCardNumber fault.Code = "CARD_NUMBER"
)

// Field returns the error of one field. The pointer is a JSON pointer (RFC 6901)
// into the body; the detail never repeats what the client sent.
func Field(pointer string, code fault.Code, detail string) contract.FieldError {
	return contract.FieldError{Pointer: pointer, Code: string(code), Detail: detail}
}
