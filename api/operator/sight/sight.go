// Package sight serves the questions of operators about orders: one with its saga, its facts
// and its holdings, and the overview of those that need a person. An order is shown with the
// actions that its state allows, so that no client needs rules of its own.
package sight

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/shipping"
)

// Records are those of the services that an order has effects in; see
// [github.com/amends/amends/api/shop.Reader].
type Records interface {
	Payment(ctx context.Context, order string) (payment.Summary, error)
	Postings(ctx context.Context, order string) ([]posting.Set, error)
	Reserved(ctx context.Context, order string) ([]inventory.Reserved, error)
	Shipments(ctx context.Context, order string) ([]shipping.Shipment, error)
}

// Config configures [Sights].
type Config struct {
	Orders  lookup.Engine
	Model   query.Service // nil: there is no read model
	Records Records
	// DecideAfter is how long an order may stay undecided.
	DecideAfter time.Duration
	Acts        *operator.Audit // nil: none is kept
	// Now is the clock. Nil is [time.Now].
	Now func() time.Time
}

// Sights serves the questions. It is safe for concurrent use.
type Sights struct {
	config   Config
	query    parameter.Form
	finder   *lookup.Finder
	overview *overview
}

// New returns the questions of c.
func New(c Config) *Sights {
	if c.Now == nil {
		c.Now = time.Now
	}
	var model lookup.Model
	if c.Model != nil {
		model = c.Model
	}
	return &Sights{c, operator.Parameters("/v1/orders/{id}"), lookup.New(c.Orders, model), &overview{config: c}}
}

// Register adds the routes of the contract admin.yaml that are about orders and only read.
func (s *Sights) Register(r edge.Router) {
	r.GET("/v1/operator", s.getOperator)
	r.GET("/v1/overview", s.getOverview)
	r.GET("/v1/orders/:id", s.getOrder)
	r.GET("/v1/orders/:id/timeline", s.getTimeline)
	r.GET("/v1/orders/:id/holdings", s.getHoldings)
}

func (s *Sights) getOperator(c echo.Context) error {
	ctx := c.Request().Context()
	role := contract.RoleSupport
	if operator.Acts(ctx) {
		role = contract.RoleOperator
	}
	return c.JSON(http.StatusOK, contract.Operator{Name: operator.By(ctx), Role: role})
}

func (s *Sights) getOrder(c echo.Context) error {
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	var p contract.GetOperatorsOrderParams
	if err := s.query.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	found, err := s.find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if parameter.Value(p.Personal) {
		s.config.Acts.Keep(c, "order "+id, "look at personal data", "")
	}
	out := operator.Render(found)
	out.Actions = new(allowed(found))
	return c.JSON(http.StatusOK, out)
}

// find returns an order with the words of operators. The record of a decided one has them,
// which the read model has not; of another one its workflow knows more.
func (s *Sights) find(ctx context.Context, id string) (read.Snapshot, error) {
	if recorded, err := s.config.Orders.FindRecord(ctx, id); err == nil && recorded.Decided() {
		return recorded, nil
	}
	return s.finder.Find(ctx, id) //nolint:wrapcheck // a fault, which the edge answers
}

func (s *Sights) getTimeline(c echo.Context) error {
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if s.config.Model == nil {
		return problem.NoReadModel() //nolint:wrapcheck // a problem
	}
	all, err := s.config.Model.Timeline(c.Request().Context(), id)
	if err != nil {
		return problem.Unlisted(err, "The facts about the order cannot be listed right now.") //nolint:wrapcheck // a problem
	}
	out := contract.Timeline{Entries: []contract.TimelineEntry{}}
	for _, e := range all {
		out.Entries = append(out.Entries, contract.TimelineEntry{At: e.At.UTC(), Fact: e.Fact, Step: renderStep(e.Step)})
	}
	return c.JSON(http.StatusOK, out)
}

func renderStep(s query.Step) contract.Step {
	return contract.Step{
		Name: s.Name, State: s.State, Attempts: s.Attempts, StartedAt: known(s.StartedAt), EndedAt: known(s.EndedAt),
		Error: apiorders.Optional(string(s.Error)), Exposure: apiorders.Optional(s.Exposure),
	}
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

func (s *Sights) getOverview(c echo.Context) error {
	if s.config.Model == nil {
		return problem.NoReadModel() //nolint:wrapcheck // a problem
	}
	out, err := s.overview.get(c.Request().Context())
	if err != nil {
		return problem.Unlisted(err, "The overview cannot be made right now.") //nolint:wrapcheck // a problem
	}
	return c.JSON(http.StatusOK, out)
}
