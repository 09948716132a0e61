package operator

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/services/query"
)

// Lists serves what the read model has of all customers.
type Lists struct {
	model  query.Service
	orders parameter.Form
}

// NewLists returns the lists of m, which may be nil: then every list is refused.
func NewLists(m query.Service) *Lists { return &Lists{m, Parameters("/v1/orders")} }

// Register adds the routes of the contract admin.yaml that list.
func (s *Lists) Register(r edge.Router) {
	r.GET("/v1/orders", s.listOrders)
	r.GET("/v1/projections", s.listProjections)
}

// listOrders answers GET /v1/orders.
func (s *Lists) listOrders(c echo.Context) error {
	if s.model == nil {
		return problem.NoReadModel() //nolint:wrapcheck // a problem
	}
	var p contract.ListAllOrdersParams
	if err := s.orders.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	f := query.OrderFilter{
		CustomerID: parameter.Value(p.CustomerId), Status: query.Status(parameter.Value(p.Status)), SKU: parameter.Value(p.Sku),
		PlacedAfter: parameter.Value(p.PlacedAfter), PlacedBefore: parameter.Value(p.PlacedBefore),
		Reason: parameter.Value(p.Reason), Style: parameter.Value(p.Style), NeedsAttention: p.NeedsAttention,
		Text: parameter.Value(p.Q), Limit: parameter.Limit(p.Limit), Cursor: parameter.Value(p.Cursor),
	}
	if p.MinAge != nil {
		f.MinAge, _ = time.ParseDuration(*p.MinAge) // its pattern is that of a duration
	}
	page, err := s.model.Orders(c.Request().Context(), f)
	if err != nil {
		return problem.Unlisted(err, "The orders cannot be listed right now.") //nolint:wrapcheck // a problem
	}
	if at := header.AsOf(page.AsOf); at != nil {
		c.Response().Header().Set(header.NameAsOf, *at)
	}
	return c.JSON(http.StatusOK, orders.RenderPage(page))
}

// listProjections answers GET /v1/projections.
func (s *Lists) listProjections(c echo.Context) error {
	if s.model == nil {
		return problem.NoReadModel() //nolint:wrapcheck // a problem
	}
	all, err := s.model.Projections(c.Request().Context())
	if err != nil {
		return problem.Unlisted(err, "The read model does not answer right now.") //nolint:wrapcheck // a problem
	}
	out := contract.Projections{Projections: []contract.Projection{}}
	for _, p := range all {
		one := contract.Projection{Name: p.Name, Generation: p.Generation, Events: p.Events, Newest: known(p.Newest), AsOf: known(p.AsOf), LagSeconds: p.Lag.Seconds()}
		if p.Behind >= 0 {
			one.Behind = &p.Behind
		}
		out.Projections = append(out.Projections, one)
	}
	return c.JSON(http.StatusOK, out)
}

// known returns nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}
