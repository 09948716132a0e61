package operator

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// Audit keeps the requests of operators and support that were carried out, and lists them.
type Audit struct {
	journal user.Journal
	log     *slog.Logger
	query   parameter.Form
}

// NewAudit returns the acts in j. Nil: none is kept, and the list is refused.
func NewAudit(j user.Journal, log *slog.Logger) *Audit {
	return &Audit{j, log, Parameters("/v1/audit")}
}

// Register adds the routes of the contract admin.yaml that are about acts.
func (s *Audit) Register(r edge.Router) { r.GET("/v1/audit", s.list) }

// keeping bounds the time that an answer waits for its act to be kept.
const keeping = 2 * time.Second

// Keep keeps a request that was carried out, in the name of its sender: about is the kind of a
// thing and its id, such as "order 019a…". Things keep their own requests, and must be repaired
// while the user service is away, so a failure is logged. A nil Audit keeps nothing.
func (s *Audit) Keep(c echo.Context, about, did, reason string) {
	if s == nil || s.journal == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), keeping)
	defer cancel()
	if err := s.journal.Keep(ctx, user.Act{By: By(ctx), About: about, Did: did, Reason: reason}); err != nil {
		s.log.WarnContext(ctx, "a request is not in the audit", "request_id", edge.RequestID(c), "operator", By(ctx), "about", about, "did", did, "error", err)
	}
}

// list answers GET /v1/audit.
func (s *Audit) list(c echo.Context) error {
	if s.journal == nil {
		return problem.New(fault.Unavailable, "The user service, which keeps requests, is not configured here.")
	}
	var p contract.ListAuditParams
	if err := s.query.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	limit := parameter.Limit(p.Limit)
	// One more than the page, to know whether it is the last.
	all, err := s.journal.Acts(c.Request().Context(), "", parameter.Value(p.Cursor), limit+1)
	if err != nil {
		return problem.Unlisted(err, "The audit cannot be read right now.") //nolint:wrapcheck // a problem
	}
	out := contract.Audit{Acts: []contract.Act{}}
	for _, a := range all[:min(len(all), limit)] {
		kind, about, _ := strings.Cut(a.About, " ")
		out.Acts = append(out.Acts, contract.Act{
			Id: a.ID, At: a.At.UTC(), By: a.By, Kind: kind, About: orders.Optional(about), Did: a.Did, Reason: orders.Optional(a.Reason),
		})
	}
	if len(all) > limit {
		out.NextCursor = &all[limit-1].ID
	}
	return c.JSON(http.StatusOK, out)
}
