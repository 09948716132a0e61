package api

import (
	"strings"

	"github.com/labstack/echo/v4"
)

// router is where the generated code registers the contract's routes.
type router struct {
	*echo.Echo

	negotiate echo.MiddlewareFunc // for the API proper
}

// GET registers h for GET and HEAD.
func (r router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	r.HEAD(path, h, r.with(path, m)...)
	return r.Echo.GET(path, h, r.with(path, m)...)
}

// POST registers h for POST.
func (r router) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.POST(path, h, r.with(path, m)...)
}

func (r router) with(path string, m []echo.MiddlewareFunc) []echo.MiddlewareFunc {
	if strings.HasPrefix(path, "/v1/") {
		return append([]echo.MiddlewareFunc{r.negotiate}, m...)
	}
	return m
}
