// Package platform serves the questions of operators about the platform itself: which
// instances answer for its services, and the findings of the doctor.
package platform

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
)

// Doctor is the reconciler of the platform. Its errors are faults.
type Doctor interface {
	// Last returns the state of the schedule, with the report of its last run, if there is one.
	Last(ctx context.Context) (contract.DoctorState, error)
	// Runs lists runs of the doctor without their reports, those that go on, then those that have
	// ended, the last first; at most limit of them, from a cursor of the page before on, empty: from
	// the first on. It refuses with INVALID a cursor that is of no page.
	Runs(ctx context.Context, cursor string, limit int) (contract.DoctorRuns, error)
	// Past returns a run with its report. It refuses with NOT_FOUND one that is unknown, or
	// forgotten.
	Past(ctx context.Context, id string) (contract.DoctorRun, error)
	// Run runs the doctor now, or joins a run that is under way. A repeat is another run.
	Run(ctx context.Context, dryRun bool) (contract.DoctorReport, error)
}

// Instances returns the instances that answer for services, by service.
type Instances func(ctx context.Context) ([]contract.ServiceInstance, error)

// Config configures [Platform].
type Config struct {
	Doctor    Doctor
	Instances Instances
	Acts      *operator.Audit // nil: runs are not kept
	Log       *slog.Logger
}

// Platform serves the questions.
type Platform struct {
	config Config
	run    body.Form
	list   parameter.Form
}

// New returns the questions of c.
func New(c Config) *Platform {
	return &Platform{c, operator.Form("RunDoctor", nil), operator.Parameters("/v1/doctor/runs")}
}

// Register adds the routes of the contract admin.yaml that are about the platform.
func (s *Platform) Register(r edge.Router) {
	r.GET("/v1/services", s.listServices)
	r.GET("/v1/doctor", s.getDoctor)
	r.GET("/v1/doctor/runs", s.listRuns)
	r.GET("/v1/doctor/runs/:id", s.getRun)
	r.POST("/v1/doctor/runs", s.runDoctor)
}

func (s *Platform) listServices(c echo.Context) error {
	all, err := s.config.Instances(c.Request().Context())
	if err != nil {
		return err
	}
	out := contract.ServiceInstances{Instances: []contract.ServiceInstance{}}
	out.Instances = append(out.Instances, all...)
	return c.JSON(http.StatusOK, out)
}

func (s *Platform) getDoctor(c echo.Context) error {
	state, err := s.config.Doctor.Last(c.Request().Context())
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	return c.JSON(http.StatusOK, state)
}

func (s *Platform) listRuns(c echo.Context) error {
	var p contract.ListDoctorRunsParams
	if err := s.list.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	runs, err := s.config.Doctor.Runs(c.Request().Context(), parameter.Value(p.Cursor), parameter.Limit(p.Limit))
	if err != nil {
		return problem.Unlisted(err, "The runs of the doctor cannot be listed right now.") //nolint:wrapcheck // a problem
	}
	return c.JSON(http.StatusOK, runs)
}

func (s *Platform) getRun(c echo.Context) error {
	run, err := s.config.Doctor.Past(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	return c.JSON(http.StatusOK, run)
}

// runDoctor answers POST /v1/doctor/runs. The log keeps who has run it.
func (s *Platform) runDoctor(c echo.Context) error {
	ctx := c.Request().Context()
	var in contract.RunDoctor
	if err := s.run.Read(c.Request(), &in); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	s.config.Log.InfoContext(ctx, "an operator runs the doctor", "request_id", edge.RequestID(c), "dry_run", in.DryRun, "operator", operator.By(ctx))
	report, err := s.config.Doctor.Run(ctx, in.DryRun)
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	if !in.DryRun {
		s.config.Acts.Keep(c, "platform", "run the doctor", "")
	}
	return c.JSON(http.StatusOK, report)
}
