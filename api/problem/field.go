package problem

import (
	"slices"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Codes of one field. Clients keep them: codes are only ever added.
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
// into the body, of the object if the field's name has a card number; the detail never
// repeats what the client sent.
func Field(pointer string, code fault.Code, detail string) contract.FieldError {
	for text.HasCard(pointer) {
		pointer = pointer[:strings.LastIndexByte(pointer, '/')]
	}
	return contract.FieldError{Pointer: pointer, Code: string(code), Detail: detail}
}

// Wrong returns the problem of a request with wrong fields: VALIDATION_FAILED or, if one of
// them is unknown, the given one: the request was written for something else, and acting on
// the rest of it would be a guess.
func Wrong(fields []contract.FieldError, unknown *Problem) *Problem {
	p := New(ValidationFailed, "")
	if slices.ContainsFunc(fields, func(f contract.FieldError) bool { return f.Code == string(FieldUnknown) }) {
		p = unknown
	}
	p.Errors = fields
	return p
}
