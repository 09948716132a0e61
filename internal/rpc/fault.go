package rpc

import (
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
)

// This file is the one translation between faults and gRPC's statuses. A status
// carries the fault's message, which is safe to show, and its code and kind in an
// ErrorInfo. The cause stays with the server.

// domain says that an ErrorInfo is of a fault.
const domain = "amends"

// kinds is the table of kinds and status codes.
var kinds = []struct {
	kind fault.Kind
	code codes.Code
}{
	{fault.Business, codes.FailedPrecondition},
	{fault.Suspension, codes.Aborted},
	{fault.Bug, codes.Internal},
	{fault.Transient, codes.Unavailable},
	{fault.Unknown, codes.Unknown},
}

// encode returns the status of an error that is not nil. A status that is no fault, such
// as one of the gRPC library, stays as it is.
func encode(err error) *status.Status {
	var f *fault.Error
	if !errors.As(err, &f) {
		if s, ok := status.FromError(err); ok {
			return s
		}
	}
	f = fault.Of(err)
	s := status.New(codeOf(f.Kind), utf8(f.Message))
	full, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: utf8(string(f.Code)), Domain: domain, Metadata: map[string]string{"kind": utf8(string(f.Kind))},
	})
	if err != nil { // only of a status that is OK
		return s
	}
	return full
}

// utf8 makes text fit for the wire, which refuses any other.
func utf8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// codeOf returns the status code of a kind. A kind that does not exist is a bug.
func codeOf(kind fault.Kind) codes.Code {
	for _, row := range kinds {
		if row.kind == kind {
			return row.code
		}
	}
	return codes.Internal
}

// kindOf returns the kind that a fault's status names. A server that is newer than this
// code may name a kind that is not in the table: then the status code decides.
func kindOf(named fault.Kind, code codes.Code) fault.Kind {
	for _, row := range kinds {
		if row.kind == named {
			return named
		}
	}
	for _, row := range kinds {
		if row.code == code {
			return row.kind
		}
	}
	return fault.Unknown
}

// answered returns the fault that a status carries, nil if it carries none.
func answered(s *status.Status) error {
	for _, detail := range s.Details() {
		if d, ok := detail.(*errdetails.ErrorInfo); ok && d.GetDomain() == domain {
			return fault.Errorf(kindOf(fault.Kind(d.GetMetadata()["kind"]), s.Code()), fault.Code(d.GetReason()), "%s", s.Message())
		}
	}
	return nil
}

// unanswered returns the fault of a call that failed without an answer of a service,
// with err as its cause: a connection that broke, a deadline, a proxy. sent says whether
// a server may have got the request. The text of err may name hosts, so it stays out of
// the message.
func unanswered(err error, sent bool) error {
	switch code := status.Code(err); {
	case code == codes.Unimplemented: // by a server of another version, which did nothing
		return fault.Wrap(err, fault.Bug, fault.Internal, "the server does not know the method")
	case code == codes.PermissionDenied, code == codes.Unauthenticated: // before the method ran
		return fault.Wrap(err, fault.Bug, fault.Internal, "the server refuses the caller")
	case sent && code == codes.Unavailable:
		return fault.Wrap(err, fault.Unknown, fault.Unavailable, "the connection was lost before the answer")
	case sent:
		return fault.Wrap(err, fault.Unknown, fault.Timeout, "no answer in time")
	case code == codes.Internal, code == codes.ResourceExhausted: // no encoding, or too large
		return fault.Wrap(err, fault.Bug, fault.Internal, "the request cannot be sent")
	default:
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the service cannot be reached")
	}
}
