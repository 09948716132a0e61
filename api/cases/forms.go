package cases

import (
	"context"
	"errors"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

// Forms adds how the bodies of the operations of customers are read to all.
func Forms(spec *openapi3.T, all body.Binder) error {
	return errors.Join(
		body.Add[contract.OpenCase](all, spec, "OpenCase", body.Form{Rules: TextRules}),
		body.Add[contract.AnswerCase](all, spec, "AnswerCase", body.Form{Rules: TextRules}),
		body.Add[contract.CloseCase](all, spec, "CloseCase", body.Form{Optional: true}),
	)
}

// TextRules refuse a text that is no message; see [support.Text].
func TextRules(_ context.Context, value any) []contract.FieldError {
	object, _ := value.(map[string]any)
	written, ok := object["text"].(string)
	if !ok || written == "" || len([]rune(written)) > support.MaxText {
		return nil // the schema has reported it
	}
	if err := support.Text(written); err != nil {
		return []contract.FieldError{problem.Field("/text", problem.FieldNotAllowed, fault.Of(err).Message)}
	}
	return nil
}
