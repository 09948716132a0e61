package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// saneRequestID is what a client may call its request: it is logged and sent back.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// identify gives every request an id, the client's own if it is sane.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ids := c.Request().Header.Values(echo.HeaderXRequestID)
		if len(ids) != 1 || !saneRequestID.MatchString(ids[0]) {
			ids = []string{uuid.NewString()}
		}
		c.Response().Header().Set(echo.HeaderXRequestID, ids[0])
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		return next(c)
	}
}

func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// access logs every request once it is answered: its route and never its body,
// its headers or its query, which may hold what nobody should read there. Of the
// client's address only the network is kept.
func (s *Server) access(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		r, response := c.Request(), c.Response()
		attributes := []slog.Attr{
			slog.String("request_id", requestID(c)),
			slog.String("method", knownMethod(r.Method)),
			slog.String("route", c.Path()),
			slog.Int("status", response.Status),
			slog.Int64("bytes", response.Size),
			slog.Duration("took", took),
			slog.String("client_net", network(c.RealIP())),
		}
		if id, err := parseOrderID(c.Param("id")); err == nil {
			attributes = append(attributes, slog.String("order_id", id))
		}
		s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes...)
		s.observe(Observation{Method: knownMethod(r.Method), Route: c.Path(), Status: response.Status, Took: took})
		return nil
	}
}

// knownMethod keeps clients from inventing log values and metric labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "OTHER"
	}
}

// network returns the /24 or /48 of an address.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 48
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// recover turns a panic into INTERNAL; the stack goes to the log only.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if r == http.ErrAbortHandler { //nolint:errorlint,err113 // it is compared as net/http does
				panic(r)
			}
			s.log.ErrorContext(c.Request().Context(), "handler panicked", "request_id", requestID(c), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic of type %T", r) // its value may hold anything
		}()
		return next(c)
	}
}

// handleError answers err. Echo calls it for every error of a handler or a
// middleware, and for its own 404 and 405.
func (s *Server) handleError(err error, c echo.Context) {
	p := problem.Of(err)
	ctx := c.Request().Context()
	if p.Status() >= http.StatusInternalServerError {
		attributes := []any{"request_id", requestID(c), "code", p.Code, "error", p.Cause}
		if ctx.Err() != nil && (p.Code != fault.Internal || errors.Is(err, context.Canceled)) {
			s.log.InfoContext(ctx, "client left before the answer", attributes...) // nothing else failed
		} else {
			s.log.ErrorContext(ctx, "request failed", attributes...)
		}
	}
	if c.Response().Committed {
		return
	}
	if err := p.Write(c.Response(), c.Request().Method == http.MethodHead, requestID(c)); err != nil {
		s.log.DebugContext(ctx, "client left", "request_id", requestID(c), "error", err)
	}
}

// limit bounds a request's body and the time of its answer.
func (s *Server) limit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > s.config.MaxBody {
			return problem.TooLarge(s.config.MaxBody)
		}
		defer c.SetRequest(r) // its context ends with the client, and not with this function
		ctx, cancel := context.WithTimeout(r.Context(), maxAnswer)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.config.MaxBody)
		c.SetRequest(r)
		return next(c)
	}
}

// negotiate checks the headers of a request to the API proper, before its body
// is read and before the generated code, which would refuse a Prefer header that
// is given twice, looks at them.
func (s *Server) negotiate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		if !acceptsJSON(h) {
			return problem.New(problem.NotAcceptable, "")
		}
		if c.Path() != "/v1/orders" {
			return next(c)
		}
		key, err := idempotencyKey(h)
		if err != nil {
			return err
		}
		h.Set(headerIdempotencyKey, key)
		if prefer := h.Values("Prefer"); len(prefer) > 1 {
			h.Set("Prefer", strings.Join(prefer, ", "))
		}
		return next(c)
	}
}
