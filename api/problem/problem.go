// Package problem is the one place where an error becomes an HTTP answer: an
// application/problem+json document (RFC 9457) with a stable code.
//
// A [Problem] is an error that knows its answer; [Of] makes one of every other
// error. The status, the title and the advice of a code are in one table; [Field] makes
// the error of one field of a body, which a problem lists.
package problem

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// Problem is an error that knows its HTTP answer.
type Problem struct {
	Code     fault.Code // one of the table; any other is INTERNAL
	Detail   string
	Errors   []contract.FieldError
	Location string // where the resource is, if it may exist
	Claim    string // of the guest whose resource that is
	Cause    error  // logged, never shown

	RetryAfter time.Duration // until a repeat can succeed; 0: not known
	Violated   []string      // names of quotas
}

// New returns a problem with a detail; "" leaves the code's advice to be shown.
func New(code fault.Code, detail string) *Problem { return &Problem{Code: code, Detail: detail} }

// TooLarge returns the problem of a body with more than limit bytes.
func TooLarge(limit int64) *Problem {
	return New(BodyTooLarge, fmt.Sprintf("Send at most %d bytes.", limit))
}

// Error returns the code with the cause or, without one, the detail.
func (p *Problem) Error() string {
	if p.Cause != nil {
		return string(p.Code) + ": " + p.Cause.Error()
	}
	return string(p.Code) + ": " + p.Detail
}

// Unwrap returns the cause, or nil.
func (p *Problem) Unwrap() error { return p.Cause }

// The seconds after which a client may repeat a request.
const (
	MinRetryAfter = 2
	MaxRetryAfter = 6
)

// retryAfter is drawn anew for every answer: clients that were refused together would
// come back together, and an overloaded server has to answer even their early repeats.
func retryAfter() string {
	return strconv.Itoa(MinRetryAfter + rand.N(MaxRetryAfter-MinRetryAfter+1))
}

// Of turns every error into a problem. An error that is neither a problem nor
// a fault, and a code that the table does not have, are INTERNAL.
func Of(err error) *Problem {
	p := problemOf(err)
	if _, ok := table[p.Code]; !ok {
		return &Problem{Code: fault.Internal, Cause: err}
	}
	return p
}

func problemOf(err error) *Problem {
	var p *Problem
	var f *fault.Error
	var h *echo.HTTPError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &f):
		return &Problem{Code: codeOf(f), Detail: f.Message, Cause: f.Unwrap()}
	case errors.As(err, &large):
		return TooLarge(large.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return &Problem{Code: fault.Unavailable, Cause: err}
	case errors.As(err, &h):
		switch h.Code {
		case http.StatusNotFound:
			return New(fault.NotFound, "There is nothing at this address; /docs says what there is.")
		case http.StatusMethodNotAllowed:
			return New(MethodNotAllowed, "")
		case http.StatusBadRequest:
			return &Problem{Code: BadRequest, Cause: err}
		}
	}
	return &Problem{Code: fault.Internal, Cause: err}
}

// codeOf returns the code that clients see for a fault.
func codeOf(f *fault.Error) fault.Code {
	if f.Code == fault.Invalid {
		return ValidationFailed
	}
	return f.Code
}

// Write answers a request with p. A client that asked for HEAD gets no body. The
// caller must not have written anything before.
func (p *Problem) Write(w http.ResponseWriter, head bool, requestID string) error {
	p.Header(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status())
	if head {
		return nil
	}
	return json.NewEncoder(w).Encode(p.body(requestID)) //nolint:wrapcheck // the client left: there is nothing to add
}

// Header sets the headers of an answer with p, but those of its body.
func (p *Problem) Header(header http.Header) {
	kind := table[p.Code]
	header.Set("Cache-Control", "no-store")
	switch {
	case p.RetryAfter > 0:
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	case kind.status == http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter())
	}
	if p.Location != "" {
		header.Set("Location", p.Location)
	}
	if p.Claim != "" {
		header.Set("Amends-Claim", p.Claim)
	}
	if kind.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="amends"`)
	}
	if p.Code == EncodingUnsupported {
		header.Set("Accept-Encoding", "identity")
	}
}

// Status returns the HTTP status of p.
func (p *Problem) Status() int { return table[p.Code].status }

func (p *Problem) body(request string) contract.Problem {
	kind := table[p.Code]
	out := contract.Problem{
		Type: cmp.Or(kind.uri, "/docs#"+string(p.Code)), Title: kind.title, Status: kind.status,
		Code: string(p.Code), RequestId: request,
	}
	detail := cmp.Or(p.Detail, kind.advice)
	if kind.status == http.StatusInternalServerError {
		detail = "internal error" // and no more: the request id leads to the log
	}
	out.Detail = &detail
	if len(p.Violated) > 0 {
		out.ViolatedPolicies = &p.Violated
	}
	if len(p.Errors) > 0 {
		out.Errors = &p.Errors
	} else if kind.wrong.Pointer != "" {
		out.Errors = &[]contract.FieldError{kind.wrong}
	}
	return out
}
