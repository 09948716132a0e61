package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// saneRequestID is the form of a request id that a client may choose: it is logged
// and sent back.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// identify gives every request an id, the client's own if it is sane. A card number is
// not, because the log would keep it; one id of some thousands is taken for one.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ids := c.Request().Header.Values(echo.HeaderXRequestID)
		if len(ids) != 1 || !saneRequestID.MatchString(ids[0]) || text.HasCard(ids[0]) {
			ids = []string{uuid.NewString()}
		}
		c.Response().Header().Set(echo.HeaderXRequestID, ids[0])
		return next(c)
	}
}

// inert keeps browsers from taking an answer for a page: they guess no type, run and load
// nothing of it, show it in no frame, and tell no one its address. A route that is a page
// sets a policy of its own.
func inert(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set(echo.HeaderReferrerPolicy, "no-referrer")
		return next(c)
	}
}

// strict adds Strict-Transport-Security, which has no meaning over plain HTTP.
func strict(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().TLS != nil {
			c.Response().Header().Set(echo.HeaderStrictTransportSecurity, "max-age=31536000")
		}
		return next(c)
	}
}

// RequestID returns the id of a request, which its answer and the log carry.
func RequestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// access logs every request once it is answered: its operation, and never its body, its
// headers or its query, which may hold personal data. Of the client's address only
// the network is kept.
func (e Config) access(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		r, response := c.Request(), c.Response()
		method, operation := knownMethod(r.Method), ""
		if e.Operation != nil {
			operation = e.Operation(method, c.Path())
		}
		attributes := []slog.Attr{
			slog.String("request_id", RequestID(c)),
			slog.String("operation", operation),
			slog.String("method", method),
			slog.String("route", c.Path()),
			slog.Int("status", response.Status),
			slog.Int64("bytes", response.Size),
			slog.Duration("took", took),
			slog.String("client_net", Network(c)),
		}
		if e.Attributes != nil {
			attributes = append(attributes, e.Attributes(c)...)
		}
		e.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes...)
		e.Observe(Observation{Operation: operation, Method: method, Route: c.Path(), Status: response.Status, Took: took})
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

// Network returns the /24 or /48 of a client's address, which may be logged, or "".
func Network(c echo.Context) string { return network(c.RealIP()) }

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
func (e Config) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if r == http.ErrAbortHandler { //nolint:errorlint,err113 // it is compared as net/http does
				panic(r)
			}
			e.Log.ErrorContext(c.Request().Context(), "handler panicked", "request_id", RequestID(c), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic of type %T", r) // its value may hold anything
		}()
		return next(c)
	}
}

// limit bounds a request's body.
func (e Config) limit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > e.MaxBody {
			return problem.TooLarge(e.MaxBody)
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, e.MaxBody)
		return next(c)
	}
}

// fail answers err: that of a handler or a middleware, or Echo's own 404 or 405.
func (e Config) fail(err error, c echo.Context) {
	p := problem.Of(err)
	ctx := c.Request().Context()
	if p.Status() >= http.StatusInternalServerError && p.Code != problem.Overloaded && p.Code != problem.ReducedCapacity { // which are no failures, and counted
		attributes := []any{"request_id", RequestID(c), "code", p.Code, "error", p.Cause}
		if ctx.Err() != nil && (p.Code != fault.Internal || errors.Is(err, context.Canceled)) {
			e.Log.InfoContext(ctx, "client left before the answer", attributes...) // nothing else failed
		} else {
			e.Log.ErrorContext(ctx, "request failed", attributes...)
		}
	}
	if c.Response().Committed {
		return
	}
	if err := refuse(c, p); err != nil {
		e.Log.DebugContext(ctx, "client left", "request_id", RequestID(c), "error", err)
	}
}
