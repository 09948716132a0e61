// Package invoices serves the invoices of all orders to operators and support.
package invoices

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
)

// Source answers the operation of the API, to callers who may see every order.
type Source interface {
	GetInvoice(ctx context.Context, r contract.GetInvoiceRequestObject) (contract.GetInvoiceResponseObject, error)
}

// Invoices serves the invoices.
type Invoices struct {
	source Source
	query  parameter.Form
}

const path = "/v1/orders/{id}/invoice"

// New returns the invoices of s.
func New(s Source) *Invoices { return &Invoices{s, operator.Parameters(path)} }

// Register adds the route of the contract admin.yaml.
func (s *Invoices) Register(r edge.Router) { r.GET("/v1/orders/:id/invoice", s.get) }

func (s *Invoices) get(c echo.Context) error {
	var p contract.GetInvoiceParams
	if err := s.query.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	p.AcceptLanguage = new(c.Request().Header.Get("Accept-Language"))
	answer, err := s.source.GetInvoice(c.Request().Context(), contract.GetInvoiceRequestObject{Id: c.Param("id"), Params: p})
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	return answer.VisitGetInvoiceResponse(c.Response()) //nolint:wrapcheck // the client left
}
