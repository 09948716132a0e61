package operator

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/header"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/refund"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
)

// scopeSupport is that of accounts that may pay back.
const scopeSupport = "support"

// RefundsConfig configures [Refunds].
type RefundsConfig struct {
	Orders    *orders.Client
	Payments  refund.Payments
	Operators []Operator      // those who may pay back, beside support
	Verifier  caller.Verifier // of the tokens of support; nil: operators only
	Log       *slog.Logger
}

// Refunds serves the refunds of orders.
type Refunds struct {
	config RefundsConfig
	known  Credentials
	form   body.Form
}

// NewRefunds returns the refunds of c.
func NewRefunds(c RefundsConfig) *Refunds {
	return &Refunds{c, NewCredentials(c.Operators), Form("RefundOrder", nil)}
}

// Register adds the routes of the contract admin.yaml that are about refunds.
func (s *Refunds) Register(r edge.Router) {
	r.POST("/v1/orders/:id/refunds", s.refund)
	r.GET("/v1/orders/:id/refunds", s.list)
}

// refund answers POST /v1/orders/{id}/refunds. The log keeps who paid back, and not the
// reason, which may hold personal data.
func (s *Refunds) refund(c echo.Context) error {
	ctx := c.Request().Context()
	by, err := s.who(c)
	if err != nil {
		return err
	}
	q := refund.Request{By: by}
	if q.OrderID, err = apiorders.ParseID(c.Param("id")); err != nil {
		return err
	}
	if q.Key, err = header.Key(c.Request().Header); err != nil {
		return err
	}
	var body contract.RefundOrder
	if err := s.form.Read(c.Request(), &body); err != nil {
		return err
	}
	q.Amount, q.Reason = money.New(body.Amount.Amount, money.Currency(body.Amount.Currency)), body.Reason
	if body.Reference != nil {
		q.Reference = *body.Reference
	}
	q.TakeBack = body.TakeBackStock != nil && *body.TakeBackStock
	log := s.config.Log.With("request_id", edge.RequestID(c), "order_id", q.OrderID, "by", by)
	made, err := s.config.Orders.Refund(ctx, s.config.Payments, q)
	if err != nil {
		log.InfoContext(ctx, "a refund is refused", "code", problem.Of(err).Code)
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	log.InfoContext(ctx, "an order is refunded", "refund", made.ID, "status", made.Status)
	status := http.StatusOK
	if made.Status == workflows.RefundPending {
		status = http.StatusAccepted
	}
	out := contract.Refund{
		Id: made.ID, Status: contract.RefundStatus(made.Status), Code: apiorders.Optional(string(made.Code)),
		Amount: contract.Money{Amount: made.Amount.Minor, Currency: string(made.Amount.Currency)},
		Reason: made.Reason, Reference: apiorders.Optional(made.Reference), By: made.By, TakeBackStock: made.TakeBack,
		CreatedAt: made.CreatedAt.UTC(), UpdatedAt: made.UpdatedAt.UTC(),
	}
	if made.Units > 0 {
		out.Units = new(made.Units)
	}
	return c.JSON(status, out)
}

// list answers GET /v1/orders/{id}/refunds.
func (s *Refunds) list(c echo.Context) error {
	ctx := c.Request().Context()
	if _, err := s.who(c); err != nil {
		return err
	}
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	if _, err := s.config.Orders.Find(ctx, id); err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	all, err := s.config.Payments.Refunds(ctx, id)
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	out := contract.Refunds{Refunds: []contract.Refund{}}
	for _, r := range all {
		out.Refunds = append(out.Refunds, contract.Refund{
			Id: r.ID, Status: statuses[r.State], Code: apiorders.Optional(string(r.DeclineCode)),
			Amount: contract.Money{Amount: r.Amount.Minor, Currency: string(r.Amount.Currency)},
			Reason: r.Reason, Reference: apiorders.Optional(r.Reference), By: r.By, TakeBackStock: r.TakeBack,
			CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		})
	}
	return c.JSON(http.StatusOK, out)
}

var statuses = map[paid.State]contract.RefundStatus{
	paid.Pending:  contract.RefundPending,
	paid.Done:     contract.RefundDone,
	paid.Declined: contract.RefundRefused,
	paid.Blocked:  contract.RefundRefused,
}

// who returns the operator, or the account of support, who sends a request. Codes:
// UNAUTHORIZED, NO_OPERATORS, SCOPE_MISSING, UNAVAILABLE.
func (s *Refunds) who(c echo.Context) (string, error) {
	r := c.Request()
	name, unknown := s.known.Identify(r.Header)
	if unknown == nil {
		return name, nil
	}
	values := r.Header.Values("Authorization")
	if s.config.Verifier == nil || len(values) != 1 {
		return "", s.refuse(c, unknown)
	}
	scheme, credential, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", s.refuse(c, unknown)
	}
	i, err := s.config.Verifier.Verify(r.Context(), strings.TrimSpace(credential))
	switch {
	case fault.KindOf(err) == fault.Transient:
		return "", err //nolint:wrapcheck // a fault, which the edge answers
	case err != nil:
		return "", s.refuse(c, problem.New(problem.Unauthorized, ""))
	case !i.Has(scopeSupport):
		return "", s.refuse(c, problem.New(problem.ScopeMissing, "The token needs the scope "+scopeSupport+"."))
	}
	return "account " + i.Account, nil
}

func (s *Refunds) refuse(c echo.Context, p *problem.Problem) error {
	s.config.Log.WarnContext(c.Request().Context(), "a request for refunds is refused",
		"request_id", edge.RequestID(c), "code", p.Code, "client_net", edge.Network(c))
	return p
}
