package cases

import (
	"context"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

// Forms adds how the bodies of the operations of customers are read to all.
func Forms(spec *openapi3.T, all body.Binder) error {
	for name, f := range map[string]struct {
		of   reflect.Type
		form body.Form
	}{
		"OpenCase":   {reflect.TypeFor[*contract.OpenCase](), body.Form{Rules: TextRules}},
		"AnswerCase": {reflect.TypeFor[*contract.AnswerCase](), body.Form{Rules: TextRules}},
		"CloseCase":  {reflect.TypeFor[*contract.CloseCase](), body.Form{Optional: true}},
	} {
		var err error
		if f.form.Schema, err = contract.Schema(spec, name); err != nil {
			return err //nolint:wrapcheck // it names the schema
		}
		all[f.of] = f.form
	}
	return nil
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
