package rpc

import (
	"errors"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/amends/amends/fault"
)

// This file is the one translation between faults and gRPC's statuses. A status
// carries the fault's message, which is safe to show; its code and kind in an ErrorInfo;
// its fields in a BadRequest. The cause stays with the server.

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

// Field is one violation in a request.
type Field struct {
	Path   string // such as "lines[0].quantity"
	Code   fault.Code
	Detail string // safe to show to a client
}

// fieldsError is a fault with the fields that it is about.
type fieldsError struct {
	fault  *fault.Error
	fields []Field
}

func (e *fieldsError) Error() string { return e.fault.Error() }
func (e *fieldsError) Unwrap() error { return e.fault }

// WithFields returns f with the fields that it is about. They travel with it.
func WithFields(f *fault.Error, fields ...Field) error { return &fieldsError{f, fields} }

// Fields returns the fields that err is about.
func Fields(err error) []Field {
	if e, ok := errors.AsType[*fieldsError](err); ok {
		return slices.Clone(e.fields)
	}
	return nil
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
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: utf8(string(f.Code)), Domain: domain, Metadata: map[string]string{"kind": utf8(string(f.Kind))},
	}}
	if fields := Fields(err); len(fields) > 0 {
		details = append(details, badRequest(fields))
	}
	s := status.New(codeOf(f.Kind), utf8(f.Message))
	if full, err := s.WithDetails(details...); err == nil { // details that are too large stay behind
		return full
	}
	return s
}

func badRequest(fields []Field) *errdetails.BadRequest {
	b := &errdetails.BadRequest{}
	for _, f := range fields {
		b.FieldViolations = append(b.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: utf8(f.Path), Reason: utf8(string(f.Code)), Description: utf8(f.Detail),
		})
	}
	return b
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
	var f *fault.Error
	var fields []Field
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == domain {
				f = fault.Errorf(kindOf(fault.Kind(d.GetMetadata()["kind"]), s.Code()), fault.Code(d.GetReason()), "%s", s.Message())
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, Field{Path: v.GetField(), Code: fault.Code(v.GetReason()), Detail: v.GetDescription()})
			}
		}
	}
	switch {
	case f == nil:
		return nil
	case len(fields) > 0:
		return WithFields(f, fields...)
	default:
		return f
	}
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
