// Package shed lets questions give way to orders while so much is asked that both cannot be
// answered in time: browsing before placing, placing before a cancel.
//
// Placements pass the gate of internal/orders. Browsing passes one of the same kind, which
// sees the time that services take, and which closes as soon as placements wait at theirs.
// Cancels, and orders that are read by those who placed them, pass no gate: there are no
// more of them than placements, and one that is refused comes again.
package shed

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders/admission"
)

// config is that of the gate for browsing. A question waits only as long as a burst, such as
// the products of one page, takes: it is refused while its page is still of use. Half of the
// latency is more than the time that an optional part of an answer may take: a service that
// hangs must not keep the gate from opening for questions that do not need it.
var config = admission.Config{Least: 8, Most: 1024, Latency: 800 * time.Millisecond, Wait: 100 * time.Millisecond, Backlog: time.Second}

// Gate lets browsing in. It is safe for concurrent use.
type Gate struct{ gate *admission.Gate }

// New returns a gate that closes while pressed reports that more important work waits.
// pressed must not block; now is the clock.
func New(pressed func(context.Context) bool, now func() time.Time) *Gate {
	return &Gate{admission.New(config, func(ctx context.Context) admission.Estimate {
		if pressed(ctx) {
			return admission.Estimate{Wait: 2 * config.Backlog} // behind which it lets none in
		}
		return admission.Estimate{}
	}, now)}
}

// Middleware refuses a request with REDUCED_CAPACITY while the gate is closed.
func (g *Gate) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		turn, err := g.gate.Enter(ctx)
		switch {
		case errors.Is(err, admission.ErrBusy), errors.Is(err, admission.ErrBacklog):
			return &problem.Problem{Code: problem.ReducedCapacity, Cause: err}
		case err != nil:
			return err
		}
		defer turn.Leave()
		err = next(c)
		switch {
		case errors.Is(ctx.Err(), context.Canceled): // the client left, which says nothing
		case err != nil && problem.Of(err).Status() >= http.StatusInternalServerError:
			turn.Lost()
		default:
			turn.Answered()
		}
		return err
	}
}

// State returns the gate's state.
func (g *Gate) State(ctx context.Context) admission.State { return g.gate.State(ctx) }
