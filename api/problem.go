package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// problem is an error that knows its answer. Whatever else a handler returns is
// answered as INTERNAL and logged.
type problem struct {
	code     fault.Code // one of problems
	detail   string
	errors   []contract.FieldError
	location string // where the order is, if it may exist
	cause    error  // logged, never shown
}

func refuse(code fault.Code, detail string) *problem { return &problem{code: code, detail: detail} }

func tooLarge(limit int64) *problem {
	return refuse(codeBodyTooLarge, fmt.Sprintf("Send at most %d bytes.", limit))
}

// Error returns the code and what caused it.
func (p *problem) Error() string {
	if p.cause != nil {
		return string(p.code) + ": " + p.cause.Error()
	}
	return string(p.code) + ": " + p.detail
}

// Unwrap returns the cause, or nil.
func (p *problem) Unwrap() error { return p.cause }

// A client is asked to wait for one of these numbers of seconds.
const minRetryAfter, maxRetryAfter = 2, 6

// retryAfter is drawn anew for every answer: an early repeat never makes a second
// order, but whoever is overloaded has to answer it too, and clients that were
// refused together would come back together.
func retryAfter() string {
	return strconv.Itoa(minRetryAfter + rand.N(maxRetryAfter-minRetryAfter+1))
}

// toProblem turns every error into an answer.
func toProblem(err error) *problem {
	var p *problem
	var f *fault.Error
	var h *echo.HTTPError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &f):
		return &problem{code: codeOf(f), detail: f.Message, cause: err}
	case errors.As(err, &large):
		return tooLarge(large.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{code: fault.Unavailable, cause: err}
	case errors.As(err, &h):
		switch h.Code {
		case http.StatusNotFound:
			return refuse(fault.NotFound, "There is nothing at this address; /docs says what there is.")
		case http.StatusMethodNotAllowed:
			return refuse(codeMethodNotAllowed, "")
		case http.StatusBadRequest:
			return &problem{code: codeBadRequest, cause: err}
		}
	}
	return &problem{code: fault.Internal, cause: err}
}

// codeOf is the code that clients see for a fault.
func codeOf(f *fault.Error) fault.Code {
	if f.Code == fault.Invalid {
		return codeValidationFailed
	}
	return f.Code
}

// handleError answers err; Echo calls it for every error of a handler or a
// middleware, and for its own 404 and 405.
func (s *Server) handleError(err error, c echo.Context) {
	p := toProblem(err)
	kind, ok := problems[p.code]
	if !ok {
		p, kind = &problem{code: fault.Internal, cause: err}, problems[fault.Internal]
	}
	ctx := c.Request().Context()
	if kind.status >= http.StatusInternalServerError {
		told := []any{"request_id", requestID(c), "code", p.code, "error", p.cause}
		if ctx.Err() != nil && (p.code != fault.Internal || errors.Is(err, context.Canceled)) {
			s.log.InfoContext(ctx, "client left before the answer", told...) // nothing else failed
		} else {
			s.log.ErrorContext(ctx, "request failed", told...)
		}
	}
	if c.Response().Committed {
		return
	}

	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/problem+json")
	header.Set(echo.HeaderCacheControl, "no-store")
	if kind.status == http.StatusServiceUnavailable {
		header.Set(echo.HeaderRetryAfter, retryAfter())
	}
	if p.location != "" {
		header.Set(echo.HeaderLocation, p.location)
	}
	if p.code == codeUnauthorized {
		header.Set(echo.HeaderWWWAuthenticate, `Bearer realm="amends"`)
	}
	if p.code == codeEncodingUnsupported {
		header.Set(echo.HeaderAcceptEncoding, "identity")
	}
	c.Response().WriteHeader(kind.status)
	if c.Request().Method == http.MethodHead {
		return
	}
	if err := json.NewEncoder(c.Response()).Encode(p.body(kind, requestID(c))); err != nil {
		s.log.DebugContext(ctx, "client left", "request_id", requestID(c), "error", err)
	}
}

func (p *problem) body(kind problemKind, request string) contract.Problem {
	out := contract.Problem{
		Type: "/docs#" + string(p.code), Title: kind.title, Status: kind.status,
		Code: string(p.code), RequestId: request,
	}
	detail := p.detail
	if detail == "" {
		detail = kind.advice
	}
	if kind.status == http.StatusInternalServerError {
		detail = "internal error" // and no more: the request id leads to the log
	}
	out.Detail = &detail
	if len(p.errors) > 0 {
		out.Errors = &p.errors
	} else if kind.field.Pointer != "" {
		out.Errors = &[]contract.FieldError{kind.field}
	}
	return out
}
