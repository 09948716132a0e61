package edge

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
)

// Negotiate makes a route answer JSON that is never cached. It refuses a client that
// does not take JSON before the body is read.
func Negotiate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		if !header.AcceptsJSON(c.Request().Header) {
			return problem.New(problem.NotAcceptable, "")
		}
		return next(c)
	}
}

// Keyed requires a route's Idempotency-Key and takes its quotes away.
func Keyed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		key, err := header.Key(h)
		if err != nil {
			return err
		}
		h.Set(header.IdempotencyKey, key)
		return next(c)
	}
}

// Preferring joins the Prefer headers of a request: the generated code refuses a header
// that is given twice.
func Preferring(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		if prefer := h.Values("Prefer"); len(prefer) > 1 {
			h.Set("Prefer", strings.Join(prefer, ", "))
		}
		return next(c)
	}
}

// Router registers routes, as the generated code does, each with the middleware of
// its own.
type Router struct {
	*echo.Echo

	// Middleware returns the checks that a route's requests pass first. Nil is none.
	Middleware func(method, path string) []echo.MiddlewareFunc
}

// GET registers h for GET and HEAD.
func (r Router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	r.HEAD(path, h, r.with(echo.GET, path, m)...)
	return r.Echo.GET(path, h, r.with(echo.GET, path, m)...)
}

// POST registers h for POST.
func (r Router) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.POST(path, h, r.with(echo.POST, path, m)...)
}

// PUT registers h for PUT.
func (r Router) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.PUT(path, h, r.with(echo.PUT, path, m)...)
}

// PATCH registers h for PATCH.
func (r Router) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.PATCH(path, h, r.with(echo.PATCH, path, m)...)
}

// DELETE registers h for DELETE.
func (r Router) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.DELETE(path, h, r.with(echo.DELETE, path, m)...)
}

func (r Router) with(method, path string, m []echo.MiddlewareFunc) []echo.MiddlewareFunc {
	if r.Middleware == nil {
		return m
	}
	return append(r.Middleware(method, path), m...)
}
