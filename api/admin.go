package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/pprof"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// Admin is what a process shows to those who run it.
type Admin struct {
	// Metrics serves /metrics; nil: there are none.
	Metrics http.Handler
	// Profiles serves Go's profiles at /debug/pprof/.
	Profiles bool
	// Ready returns nil while the process can do its work; nil: it always can. Its
	// error is logged; what is shown of it is a fault's message.
	Ready func(context.Context) error
	// Repairs is the API of the process, which POST /v1/orders/{id}/repair asks;
	// nil: the process has none, and no such route.
	Repairs *Server
	// Operators are those who may repair; none: nobody may, and the answer says so.
	Operators []Operator
	// Logger gets failures and repairs; nil: [slog.Default].
	Logger *slog.Logger
}

// NewAdmin returns the handler for the admin address: GET /metrics, /healthz and
// /readyz, and with an API the routes of its contract, admin.yaml. It is for
// operators: never expose it to clients.
func NewAdmin(a Admin) http.Handler {
	s := &Server{config: DefaultConfig(), log: a.Logger, observe: func(Observation) {}}
	if s.log == nil {
		s.log = slog.Default()
	}
	e := newEcho(s.handleError)
	e.IPExtractor = clientIP(nil)
	e.Use(s.identify, s.recover, s.limit)
	r := router{e, s.negotiate}
	if a.Repairs != nil {
		(&repairs{a.Repairs.orders, newOperators(a.Operators), a.Repairs.repairOrder, s.log}).register(r)
	}
	if a.Metrics != nil {
		r.GET("/metrics", echo.WrapHandler(a.Metrics))
	}
	if a.Profiles {
		r.GET("/debug/pprof/", echo.WrapHandler(http.HandlerFunc(pprof.Index)))
		r.GET("/debug/pprof/profile", echo.WrapHandler(http.HandlerFunc(pprof.Profile)))
		r.GET("/debug/pprof/:name", echo.WrapHandler(http.HandlerFunc(pprof.Index))) // heap, goroutine, …
	}
	r.GET("/healthz", func(c echo.Context) error {
		return c.JSON(http.StatusOK, contract.Health{Status: contract.HealthOK})
	})
	r.GET("/readyz", func(c echo.Context) error {
		if a.Ready != nil {
			if err := a.Ready(c.Request().Context()); err != nil {
				return &problem.Problem{Code: fault.Unavailable, Detail: whyUnready(err), Cause: err}
			}
		}
		return c.JSON(http.StatusOK, contract.Health{Status: contract.HealthOK})
	})
	return e
}

// whyUnready says why a process is not ready as far as that may be shown.
func whyUnready(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return "Not ready."
}

// AdminServer returns a server for addr with the same limits as [HTTPServer].
func AdminServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return limited(addr, h, log)
}
