// Package routes serves the operations of operators on the routes that lead to a program
// behind the gateway.
package routes

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// Config configures [Routes].
type Config struct {
	// Switch has the routes. Nil: there are none, and none can be set.
	Switch *legacy.Switch
	Acts   *operator.Audit
	Log    *slog.Logger
}

// Routes serves the operations.
type Routes struct {
	config Config
	form   body.Form
}

// New returns the operations of c.
func New(c Config) *Routes { return &Routes{c, operator.Form("SetRoute", nil)} }

// Register adds the routes of the contract admin.yaml that are about routes.
func (s *Routes) Register(r edge.Router) {
	r.GET("/v1/routes", s.list)
	r.GET("/v1/routes/:name", s.get)
	r.PUT("/v1/routes/:name", s.set)
}

// list answers GET /v1/routes.
func (s *Routes) list(c echo.Context) error {
	if s.config.Switch == nil {
		return c.JSON(http.StatusOK, overview(legacy.Overview{}))
	}
	o, err := s.config.Switch.Overview()
	if err != nil {
		return &problem.Problem{Code: fault.Unavailable, Detail: "The changes of the routes cannot be read right now.", Cause: err}
	}
	return c.JSON(http.StatusOK, overview(o))
}

// get answers GET /v1/routes/{name}.
func (s *Routes) get(c echo.Context) error {
	if s.config.Switch == nil {
		return none()
	}
	v, pairs, found := s.config.Switch.Route(c.Param("name"))
	if !found {
		return problem.New(fault.NotFound, "There is no route of this name.")
	}
	return c.JSON(http.StatusOK, contract.RouteDetails{Name: v.Name, Route: definition(v.Route), Score: summary(v.Score), Differences: differences(pairs)})
}

// set answers PUT /v1/routes/{name}.
func (s *Routes) set(c echo.Context) error {
	if s.config.Switch == nil {
		return none()
	}
	var wanted contract.SetRoute
	if err := s.form.Read(c.Request(), &wanted); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	r, wrong := parse(c.Param("name"), wanted.Route)
	if len(wrong) > 0 {
		return invalid(wrong)
	}
	ctx := c.Request().Context()
	changes, err := s.config.Switch.Set(legacy.Command{
		Route: r, Operator: operator.By(ctx), Reason: wanted.Reason, Force: wanted.Force != nil && *wanted.Force,
	})
	log := s.config.Log.With("request_id", edge.RequestID(c), "route", r.Name, "operator", operator.By(ctx))
	if err != nil {
		err = refusal(err)
		log.InfoContext(ctx, "a change of a route is refused", "code", problem.Of(err).Code)
		return err
	}
	log.InfoContext(ctx, "an operator has set a route", "mode", r.Mode, "percent", r.Percent, "changes", len(changes))
	s.config.Acts.Keep(c, "route "+r.Name, deed(r), wanted.Reason)
	return c.JSON(http.StatusOK, contract.RouteChanged{Route: definition(r), Changes: fields(changes)})
}

// deed describes the setting of a route.
func deed(r route.Route) string {
	if r.Mode == route.Canary { // the others keep the share of the last one
		return fmt.Sprintf("set %s, %g %%", r.Mode, r.Percent)
	}
	return "set " + string(r.Mode)
}

func none() error {
	return problem.New(fault.Unavailable, "This gateway has no file of routes (legacy.file).")
}

// refusal returns the problem of a route that was not set.
func refusal(err error) error {
	var rules route.Problems
	var p *problem.Problem
	switch {
	case errors.As(err, &rules):
		return invalid(rules)
	case errors.As(err, &p):
		return p
	default:
		return &problem.Problem{Code: fault.Unavailable, Detail: "The file of routes cannot be changed right now; nothing was.", Cause: err}
	}
}

// invalid returns the problem of rules that a route breaks, or, with it, another one.
func invalid(rules route.Problems) error {
	p := problem.New(problem.ValidationFailed, "")
	for _, r := range rules {
		p.Errors = append(p.Errors, problem.Field("/route"+r.Field, problem.FieldNotAllowed, r.Route+" "+r.Rule))
	}
	return p
}
