// Package operator serves the operations of operators, on the admin address alone:
// retry or skip a flagged step of an order, resume or rerun its saga, and acknowledge flags that stay; list, redrive
// and discard dead letters. The operator is identified by a token, so a request cannot name
// another one.
package operator

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/operator/trial"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/repair"
	"github.com/amends/amends/internal/text"
	"github.com/amends/amends/saga"
)

// Config configures [Repairs].
type Config struct {
	Orders  *orders.Client
	Refunds repair.Refunds
	Acts    *Audit
	Log     *slog.Logger
}

// Repairs serves the operations of operators on orders.
type Repairs struct {
	config Config
	form   body.Form
}

// New returns the repairs of c.
func New(c Config) *Repairs {
	return &Repairs{c, Form("RepairOrder", repairRules)}
}

// Register adds the routes of the contract admin.yaml that are about orders.
func (s *Repairs) Register(r edge.Router) { r.POST("/v1/orders/:id/repair", s.repair) }

// RegisterContracts adds the contract admin.yaml, and the one that it refers to.
func RegisterContracts(r edge.Router) {
	for path, text := range map[string][]byte{"/admin.yaml": contract.AdminYAML, "/openapi.yaml": contract.PublicYAML} {
		r.GET(path, func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", text) })
	}
}

// repair answers POST /v1/orders/{id}/repair. The log keeps who
// repairs. It does not keep the operator's words, which may hold personal data.
func (s *Repairs) repair(c echo.Context) error {
	ctx, log := c.Request().Context(), s.config.Log.With("request_id", edge.RequestID(c))
	req, body, key, err := s.read(c)
	if err != nil {
		return err
	}
	refund := optional(body.Refund)
	req.Operator = By(ctx)
	log = log.With("order_id", req.Saga, "step", req.Step, "action", req.Action, "operator", req.Operator)
	if refund != "" {
		log = log.With("refund", refund)
	}
	if body.DryRun != nil && *body.DryRun {
		order, would, err := s.config.Orders.Try(ctx, s.config.Refunds, refund, req, key)
		if err != nil {
			return err //nolint:wrapcheck // a fault, which the edge answers
		}
		out := Render(order)
		out.DryRun = trial.Render(would)
		return c.JSON(http.StatusOK, out)
	}
	order, made, err := s.config.Orders.Make(ctx, s.config.Refunds, refund, req, key)
	if err != nil {
		log.InfoContext(ctx, "repair refused", "code", problem.Of(err).Code)
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	log.InfoContext(ctx, "order repaired", "made", made)
	s.config.Acts.Keep(c, "order "+req.Saga, strings.TrimSpace(string(req.Action)+" "+req.Step), req.Reason)
	if !made {
		return c.JSON(http.StatusAccepted, Render(order))
	}
	return c.JSON(http.StatusOK, Render(order))
}

// read returns the repair that a request asks for, with its body, and its idempotency key,
// if it has one.
func (s *Repairs) read(c echo.Context) (req saga.RepairRequest, body contract.RepairOrder, key string, err error) {
	if req.Saga, err = apiorders.ParseID(c.Param("id")); err != nil {
		return req, body, "", err
	}
	if h := c.Request().Header; len(h.Values(header.IdempotencyKey)) > 0 {
		if key, err = header.Key(h); err != nil {
			return req, body, "", err
		}
	}
	if err := s.form.Read(c.Request(), &body); err != nil {
		return req, body, "", err
	}
	if strings.TrimSpace(optional(body.Reason)) == "" {
		return req, body, "", problem.New(saga.ReasonMissing, "")
	}
	if body.Refund != nil {
		if *body.Refund, err = apiorders.ParseID(*body.Refund); err != nil {
			return req, body, "", err
		}
	}
	req.Action, req.Reason = saga.Action(body.Action), *body.Reason
	req.Step, req.Reference = optional(body.Step), optional(body.Reference)
	return req, body, key, nil
}

// optional returns a text, empty if there is none.
func optional(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// ofOrder lists the actions that are of the whole order: the others are of one step.
var ofOrder = []any{string(contract.ActionAcknowledge), string(contract.ActionNudge), string(contract.ActionResume), string(contract.ActionRerun)}

// repairRules requires a step for a repair of one step, and forbids it for one of the whole
// order.
func repairRules(_ context.Context, value any) []contract.FieldError {
	body, _ := value.(map[string]any)
	name, step := body["step"]
	_, refund := body["refund"]
	words, _ := name.(string)
	whole := slices.Contains(ofOrder, body["action"])
	switch {
	case text.HasCard(words): // no step is called so, and the name would be logged
		return []contract.FieldError{problem.Field("/step", problem.FieldCardNumber, text.ErrCard.Error())}
	case whole && refund:
		return []contract.FieldError{problem.Field("/refund", problem.FieldNotAllowed, "is not for an action that is of the whole order")}
	case whole && step:
		return []contract.FieldError{problem.Field("/step", problem.FieldNotAllowed, "is not for an action that is of the whole order")}
	case !whole && !step:
		return []contract.FieldError{problem.Field("/step", problem.FieldRequired, "is missing")}
	}
	return nil
}
