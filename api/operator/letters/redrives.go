package letters

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/text"
)

// redrivesRules refuses a card number as a key, which is logged and kept, by the rule for codes:
// a key may be a SKU.
func redrivesRules(_ context.Context, value any) []contract.FieldError {
	body, _ := value.(map[string]any)
	if key, ok := body["key"].(string); ok && text.IsCard(key) {
		return []contract.FieldError{problem.Field("/key", problem.FieldCardNumber, text.ErrCard.Error())}
	}
	return nil
}

// postRedrives answers POST /v1/redrives: many letters, one after the other.
func (s *Letters) postRedrives(c echo.Context) error {
	var in contract.RedriveDeadLetters
	if err := s.many.Read(c.Request(), &in); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if err := s.here(in.Group); err != nil {
		return err
	}
	ctx := c.Request().Context()
	d := Decision{Group: in.Group, Key: parameter.Value(in.Key), Reason: in.Reason, Operator: operator.By(ctx), Rate: int64(parameter.Value(in.Rate))}
	log := s.config.Log.With("request_id", edge.RequestID(c), "group", d.Group, "key", d.Key, "operator", d.Operator)
	made, err := s.config.Desk.RedriveAll(ctx, d)
	if err != nil {
		log.InfoContext(ctx, "a redrive of dead letters is refused", "code", problem.Of(err).Code)
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	log.InfoContext(ctx, "an operator redrives dead letters", "decision", made.Id, "letters", made.Requested)
	s.config.Acts.Keep(c, "letter "+d.Group, "redrive "+made.Selection, d.Reason)
	return c.JSON(http.StatusAccepted, made)
}

// getRedrive answers GET /v1/redrives/{id}.
func (s *Letters) getRedrive(c echo.Context) error {
	var p contract.GetRedriveParams
	if err := s.of.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if err := s.here(p.Group); err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	out, err := s.config.Desk.Progress(c.Request().Context(), p.Group, id)
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	return c.JSON(http.StatusOK, out)
}
