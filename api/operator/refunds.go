package operator

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/operator/trial"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// RefundsConfig configures [Refunds].
type RefundsConfig struct {
	Orders  *orders.Client
	Records refund.Records
	Acts    *Audit
	Log     *slog.Logger
}

// Refunds serves the refunds of orders.
type Refunds struct {
	config RefundsConfig
	form   body.Form
}

// NewRefunds returns the refunds of c.
func NewRefunds(c RefundsConfig) *Refunds {
	return &Refunds{c, Form("RefundOrder", nil)}
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
	q := refund.Request{By: By(ctx)}
	var err error
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
	if body.DryRun != nil && *body.DryRun {
		as, would, err := s.config.Orders.TryRefund(ctx, s.config.Records, q)
		if err != nil {
			return err //nolint:wrapcheck // a fault, which the edge answers
		}
		out := rendered(as)
		out.DryRun = trial.Render(would)
		return c.JSON(http.StatusOK, out)
	}
	log := s.config.Log.With("request_id", edge.RequestID(c), "order_id", q.OrderID, "by", q.By)
	made, err := s.config.Orders.Refund(ctx, s.config.Records, q)
	if err != nil {
		log.InfoContext(ctx, "a refund is refused", "code", problem.Of(err).Code)
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	log.InfoContext(ctx, "an order is refunded", "refund", made.ID, "status", made.Status)
	s.config.Acts.Keep(c, "order "+q.OrderID, "refund "+made.Amount.String(), q.Reason)
	status := http.StatusOK
	if made.Status == order.RefundPending {
		status = http.StatusAccepted
	}
	out := rendered(refund.Recorded{
		Note: made.Note, Status: made.Status, Code: made.Code, Amount: made.Amount, CreatedAt: made.CreatedAt, UpdatedAt: made.UpdatedAt,
	})
	if made.Units > 0 {
		out.Units = new(made.Units)
	}
	return c.JSON(status, out)
}

// list answers GET /v1/orders/{id}/refunds.
func (s *Refunds) list(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	of, err := s.config.Orders.Find(ctx, id)
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	all, err := refund.List(ctx, s.config.Records, id)
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	out := contract.Refunds{Refunds: []contract.Refund{}}
	for _, r := range all {
		shown := rendered(r)
		if flags := flagsOf(of.Attention, r.ID); len(flags) > 0 {
			shown.Attention = new(apiorders.RenderAttention(flags))
		}
		out.Refunds = append(out.Refunds, shown)
	}
	return c.JSON(http.StatusOK, out)
}

func rendered(r refund.Recorded) contract.Refund {
	return contract.Refund{
		Id: r.ID, Status: contract.RefundStatus(r.Status), Code: apiorders.Optional(string(r.Code)),
		Amount: contract.Money{Amount: r.Amount.Minor, Currency: string(r.Amount.Currency)},
		Reason: r.Reason, Reference: apiorders.Optional(r.Reference), By: r.By, TakeBackStock: r.TakeBack,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// flagsOf returns the flags of an order that are a refund's.
func flagsOf(all []saga.Attention, refund string) []saga.Attention {
	return slices.DeleteFunc(slices.Clone(all), func(a saga.Attention) bool { return a.Saga != refund })
}
