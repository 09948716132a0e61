// Package body reads request bodies: strict JSON, then the contract's schema and its
// string formats, then the rules of the operation, then a typed value. It reports all
// wrong fields at once, and never repeats what the client sent.
package body

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/strictjson"
)

// limits bound the structure of a body. The widest legal one, an order of 200 lines, has
// about 600 values, and the longest field name 15 bytes. What is just beyond the
// contract passes and gets an answer per field.
var limits = strictjson.Limits{Depth: 32, Fields: 100, Name: 128, Values: 5000}

// Form describes how the bodies of one type are read.
type Form struct {
	// Schema is the contract's schema of the type.
	Schema *openapi3.Schema
	// Rules returns the errors that no schema can find in a whole body. It gets a value
	// that may break the schema, and looks only at parts of the right shape. The context is
	// the request's, which has its caller. Nil is no rules.
	Rules func(ctx context.Context, value any) []contract.FieldError
	// Optional allows a request without a body. It needs a content type all the same.
	Optional bool
}

// Binder reads request bodies for the generated handlers: the form of each type that
// they bind to, which is a pointer to a type of the contract.
type Binder map[reflect.Type]Form

// Add adds to b how the bodies of a type of the contract are read: by f, with a schema of
// spec.
func Add[Type any](b Binder, spec *openapi3.T, schema string, f Form) error {
	var err error
	f.Schema, err = contract.Schema(spec, schema)
	b[reflect.TypeFor[*Type]()] = f
	return err //nolint:wrapcheck // it names the schema
}

// Bind implements [echo.Binder]. It returns io.EOF if there is no body and none is
// needed.
func (b Binder) Bind(target any, c echo.Context) error {
	form, ok := b[reflect.TypeOf(target)]
	if !ok {
		return fmt.Errorf("no schema for %T", target)
	}
	return form.Read(c.Request(), target)
}

// Read reads a request's body into target, a pointer to the form's type. Its errors
// are problems, or io.EOF if there is no body and none is needed. The body must be
// limited already.
func (f Form) Read(r *http.Request, target any) error {
	// Required even without a body: a page of another site can make a POST without a
	// content type, or with one of a form, but not one of JSON.
	if err := header.CheckContent(r.Header); err != nil {
		return err
	}
	text, err := readAll(r)
	if err != nil {
		return err
	}
	if f.Optional && len(text) == 0 {
		return io.EOF
	}
	return f.decode(r.Context(), text, target)
}

func readAll(r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(r.Body)
	switch {
	case err == nil:
		return text, nil
	case problem.Of(err).Code == problem.BodyTooLarge:
		return nil, err
	default:
		return nil, &problem.Problem{Code: problem.BadRequest, Detail: "The body ended early or its framing is wrong.", Cause: err}
	}
}

// decode reads text as strict JSON that follows the schema and the rules. It reports
// all wrong fields at once: 400 if a part could not be read at all, else 422.
func (f Form) decode(ctx context.Context, text []byte, target any) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read a body: %w", err) // nothing waits for the rest of the work
	}
	value, err := strictjson.Parse(text, limits)
	if issues, ok := errors.AsType[*strictjson.Error](err); ok {
		p := problem.New(problem.MalformedBody, "")
		for _, i := range issues.Issues {
			p.Errors = append(p.Errors, problem.Field(i.Pointer, i.Code, i.Detail))
		}
		return p
	}
	if _, ok := value.(map[string]any); !ok {
		p := problem.New(problem.MalformedBody, "")
		p.Errors = []contract.FieldError{problem.Field("", problem.FieldWrongType, "must be an object")}
		return p
	}

	found := schema.Violations(f.Schema, value)
	if f.Rules != nil {
		found = schema.Merge(found, f.Rules(ctx, value))
	}
	if len(found) > 0 {
		return problem.Wrong(found, problem.New(problem.MalformedBody, ""))
	}
	if err := json.Unmarshal(text, target); err != nil {
		return fmt.Errorf("a body that follows its schema does not decode: %w", err)
	}
	return nil
}
