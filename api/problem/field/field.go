// Package field makes the errors of single fields of a request's body. A problem
// document lists them.
package field

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// Codes of one field. Clients keep them: codes are only ever added.
const (
	Required   fault.Code = "REQUIRED"
	Unknown    fault.Code = "UNKNOWN_FIELD"
	WrongType  fault.Code = "WRONG_TYPE"
	TooShort   fault.Code = "TOO_SHORT"
	TooLong    fault.Code = "TOO_LONG"
	TooFew     fault.Code = "TOO_FEW"
	TooMany    fault.Code = "TOO_MANY"
	TooSmall   fault.Code = "TOO_SMALL"
	TooLarge   fault.Code = "TOO_LARGE"
	NotAllowed fault.Code = "NOT_ALLOWED"
	Duplicate  fault.Code = "DUPLICATE_SKU"
	CardNumber fault.Code = "CARD_NUMBER"
)

// New returns the error of one field. The pointer is a JSON pointer (RFC 6901)
// into the body; the detail never repeats what the client sent.
func New(pointer string, code fault.Code, detail string) contract.FieldError {
	return contract.FieldError{Pointer: pointer, Code: string(code), Detail: detail}
}
