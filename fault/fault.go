// Package fault is the error vocabulary that every part of amends shares. A [Code]
// names the failure, a [Kind] tells a saga how to react, and the message is safe to
// show to a client.
//
// An error without an [*Error] in its chain is internal: it is logged where it
// occurs and never shown. Workflow histories and barrier rows record codes, so codes
// are only added, never renamed or reused.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code names one failure, in upper snake case. It is stable: clients, histories
// and databases keep it.
type Code string

// Codes that no single service owns. A service declares its own beside its domain
// types.
const (
	// Suspended: the saga was aborted. The step was undone or blocked, and a late
	// attempt of it must not take effect.
	Suspended Code = "SUSPENDED"
	// Mismatch: a key was used again for another request.
	Mismatch Code = "REQUEST_MISMATCH"
	// Unavailable: a dependency did not answer; it may later.
	Unavailable Code = "UNAVAILABLE"
	// Timeout: a call may or may not have taken effect.
	Timeout Code = "TIMEOUT"
	// NotFound: the object does not exist, or belongs to another client.
	NotFound Code = "NOT_FOUND"
	// Invalid: the request breaks a rule that does not depend on state.
	Invalid Code = "INVALID"
	// Conflict: the current state forbids the request.
	Conflict Code = "CONFLICT"
	// Internal: any error that is not an [*Error].
	Internal Code = "INTERNAL"
	// Locked: another transaction holds a lock on a row, or on the database, for
	// longer than the call waits. The call took no effect.
	Locked Code = "LOCKED"
	// Denied: the caller has no identity, or the policy does not let it in. The call took
	// no effect.
	Denied Code = "DENIED"
)

// Kind tells a saga how to react to a failure.
type Kind string

// The kinds. The zero Kind is not one of them.
const (
	// Business is a final refusal: declined, out of stock.
	Business Kind = "business"
	// Transient failures may pass: the call is repeated.
	Transient Kind = "transient"
	// Unknown: the call may have taken effect, so the retry asks first.
	Unknown Kind = "unknown"
	// Suspension is a late attempt of a step of an aborted saga.
	Suspension Kind = "suspended"
	// Bug is a contradiction: one key for two requests, an impossible state.
	Bug Kind = "bug"
)

// Error is a failure with a code. [Errorf] and [Wrap] build one.
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

// Wrap returns an [*Error] with a fixed message. [errors.Is] and [errors.As] reach
// cause, but its text, which may hold secrets, stays out of the message.
func Wrap(cause error, kind Kind, code Code, message string) *Error {
	return &Error{Code: code, Kind: kind, Message: message, cause: cause}
}

// Error returns the code, and the message if there is one.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Message
}

// Unwrap returns the cause of e, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Of returns the [*Error] in err's chain, nil for nil. Any other error becomes one:
// a deadline that passed or a cancelled context is [Timeout] of kind [Unknown]; the
// rest is [Internal] of kind [Transient], because every call of a saga may be
// repeated.
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
