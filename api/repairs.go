package api

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/saga"
)

// repairs serves what operators may do.
type repairs struct {
	orders    *orders.Client
	operators operators
	schema    *openapi3.Schema // of a RepairOrder
	log       *slog.Logger
}

func (s *repairs) register(r router) {
	r.POST("/v1/orders/:id/repair", s.repair)
	for path, text := range map[string][]byte{"/admin.yaml": contract.AdminYAML, "/openapi.yaml": contract.PublicYAML} {
		r.GET(path, func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", text) })
	}
}

// repair answers POST /v1/orders/{id}/repair. Who may repair, and who did, is in
// the log; the operator's words are not, because nobody knows what they hold.
func (s *repairs) repair(c echo.Context) error {
	operator, unknown := s.operators.identify(c.Request().Header)
	if unknown != nil {
		s.log.WarnContext(c.Request().Context(), "repair refused",
			"request_id", requestID(c), "code", unknown.Code, "client_net", network(c.RealIP()))
		return unknown
	}
	req, key, err := s.read(c)
	if err != nil {
		return err
	}
	req.Operator = operator
	log := s.log.With("request_id", requestID(c), "order_id", req.Saga, "step", req.Step, "action", req.Action, "operator", operator)
	ask := s.orders.Repair
	if req.Action == saga.Action(contract.ActionAcknowledge) {
		ask = s.orders.Acknowledge
	}
	order, made, err := ask(c.Request().Context(), req, key)
	if err != nil {
		log.InfoContext(c.Request().Context(), "repair refused", "code", problem.Of(err).Code)
		return err
	}
	log.InfoContext(c.Request().Context(), "order repaired", "made", made)
	if !made {
		return c.JSON(http.StatusAccepted, renderForOperators(order))
	}
	return c.JSON(http.StatusOK, renderForOperators(order))
}

// read returns the repair that a request asks for, and its idempotency key if it has one.
func (s *repairs) read(c echo.Context) (req saga.RepairRequest, key string, err error) {
	if req.Saga, err = parseOrderID(c.Param("id")); err != nil {
		return req, "", err
	}
	if h := c.Request().Header; len(h.Values(headerIdempotencyKey)) > 0 {
		if key, err = idempotencyKey(h); err != nil {
			return req, "", err
		}
	}
	if err := checkContent(c.Request().Header); err != nil {
		return req, "", err
	}
	text, err := readBody(c.Request())
	if err != nil {
		return req, "", err
	}
	var body contract.RepairOrder
	if err := decode(text, s.schema, &body, repairRules); err != nil {
		return req, "", err
	}
	if body.Reason == nil || strings.TrimSpace(*body.Reason) == "" {
		return req, "", problem.New(saga.ReasonMissing, "")
	}
	req.Action, req.Reason = saga.Action(body.Action), *body.Reason
	if body.Step != nil {
		req.Step = *body.Step
	}
	if body.Reference != nil {
		req.Reference = *body.Reference
	}
	return req, key, nil
}
