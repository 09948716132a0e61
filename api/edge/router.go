package edge

import "github.com/labstack/echo/v4"

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

func (r Router) with(method, path string, m []echo.MiddlewareFunc) []echo.MiddlewareFunc {
	if r.Middleware == nil {
		return m
	}
	return append(r.Middleware(method, path), m...)
}
