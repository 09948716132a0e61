// Package fault is the error vocabulary that every part of amends shares: a
// [Code] says what happened, a [Kind] says what a saga does about it, and the
// message is safe to show to a client.
//
// Whatever is not an [*Error] is internal: it is logged where it happens and
// shown to nobody. Codes are recorded in workflow histories and in barrier
// rows, so they are only ever added, never renamed or used for something else.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code names one thing that can go wrong, in upper snake case. It is stable:
// clients, histories and databases keep it.
type Code string

// Codes that do not belong to one service. A service declares its own beside
// its domain types.
const (
	// Suspended says that the saga was decided against: the step was undone or
	// blocked, and a late attempt of it must not take effect.
	Suspended Code = "SUSPENDED"
	// Mismatch says that a key was used again for another request.
	Mismatch Code = "REQUEST_MISMATCH"
	// Unavailable says that something needed did not answer, and may later.
	Unavailable Code = "UNAVAILABLE"
	// Timeout says that a call may or may not have taken effect.
	Timeout Code = "TIMEOUT"
	// NotFound says that there is no such thing, or that it is not yours.
	NotFound Code = "NOT_FOUND"
	// Invalid says that a request breaks a rule that does not depend on state.
	Invalid Code = "INVALID"
	// Conflict says that the state forbids the request.
	Conflict Code = "CONFLICT"
	// Internal stands for every error that is not an [*Error].
	Internal Code = "INTERNAL"
)

// Kind says what a failure means to a saga.
type Kind string

// The kinds. The zero Kind is not one of them.
const (
	// Business is a decision: declined, out of stock. It is final.
	Business Kind = "business"
	// Transient may pass: the same call is made again.
	Transient Kind = "transient"
	// Unknown is a call that may have taken effect: the retry asks first.
	Unknown Kind = "unknown"
	// Suspension is a late attempt of a step that was decided against.
	Suspension Kind = "suspended"
	// Bug is a contradiction: same key with another request, an impossible state.
	Bug Kind = "bug"
)

// Error is a failure with a code. Build one with [Errorf].
type Error struct {
	Code    Code
	Kind    Kind
	Message string // safe to show to a client; no personal data
	cause   error
}

// Errorf returns an [*Error] whose message is formatted as by [fmt.Errorf]. Every
// operand of the verb %w becomes a cause and stays reachable by [errors.Is] and
// [errors.As].
func Errorf(kind Kind, code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...) //nolint:err113 // this is the constructor of errors
	cause := errors.Unwrap(wrapped)
	if _, several := wrapped.(interface{ Unwrap() []error }); several {
		cause = wrapped
	}
	return &Error{Code: code, Kind: kind, Message: wrapped.Error(), cause: cause}
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Message
}

// Unwrap returns what caused e, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Of returns the [*Error] in err's chain. What has none is [Internal]: of kind
// [Unknown] if a deadline passed or the caller went away, else [Transient],
// because every call of a saga may be repeated. It returns nil for nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Code: Timeout, Kind: Unknown, Message: "no answer in time", cause: err}
	default:
		return &Error{Code: Internal, Kind: Transient, Message: "internal error", cause: err}
	}
}

// CodeOf returns the code of err, [Internal] if it has none, "" for nil.
func CodeOf(err error) Code {
	if e := Of(err); e != nil {
		return e.Code
	}
	return ""
}

// KindOf returns the kind of err as [Of] decides it, "" for nil.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return ""
}
