package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/legacy/request"
)

// strangle puts a switch between the edge and the handlers, if routes are configured.
func (s *Server) strangle(c Config, g guards) (err error) {
	if c.Routes.File == "" {
		return nil
	}
	authenticate, quotas := caller.Authenticate(g.verifier, caller.Need{}), map[class]echo.MiddlewareFunc{}
	for _, of := range []class{browsing, reading, placing, cancelling, entering, managing} {
		quotas[of] = g.quotas(of)
	}
	s.routes, err = legacy.Open(legacy.Config{
		Settings: c.Routes, Operations: publicRoutes.operations(), Observe: s.observe.Routes, Log: s.log, Now: time.Now,
		Authenticate: func(next echo.HandlerFunc) echo.HandlerFunc { return g.refusals(authenticate(next)) },
		Quota: func(o *request.Operation, method string) echo.MiddlewareFunc {
			return publicRoutes.quota(quotas, o, method)
		},
	})
	if err != nil {
		return err
	}
	s.echo.Use(s.routes.Middleware)
	return nil
}

// Routes returns the switch of the server, which must run; nil if no routes are configured.
func (s *Server) Routes() *legacy.Switch { return s.routes }

// operations returns the operations as a switch sees them.
func (all routes) operations() (list []request.Operation) {
	for _, r := range all {
		list = append(list, request.Operation{
			Method: r.method, Path: echoPath(r.path),
			Open: r.auth == none, Optional: r.auth == optional, Stream: r.traits.has(streams), DryRun: r.traits.has(tried),
			Own:    r.class == unlimited,
			Copied: r.method == echo.GET && r.class != unlimited && r.backend != accounts && !r.traits.has(streams),
		})
	}
	return list
}

// quota returns the limit of a request that a program answers: that of the operation, or of
// browsing for a path that the services do not have, and of an account for its changes.
func (all routes) quota(quotas map[class]echo.MiddlewareFunc, o *request.Operation, method string) echo.MiddlewareFunc {
	of := managing
	if method == http.MethodGet {
		of = browsing
	}
	if o != nil {
		r, _ := all.find(o.Method, o.Path)
		of = r.class
	}
	if m, limited := quotas[of]; limited {
		return m
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
}
