package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/strictjson"
)

// maxDepth is how deep a body's arrays and objects may nest.
const maxDepth = 32

// binder reads request bodies for the generated handlers. It holds one schema of
// the contract for each type of body.
type binder struct{ placeOrder, cancelOrder *openapi3.Schema }

func newBinder(spec *openapi3.T) (b *binder, err error) {
	b = &binder{}
	if b.placeOrder, err = contract.Schema(spec, "PlaceOrder"); err != nil {
		return nil, err
	}
	b.cancelOrder, err = contract.Schema(spec, "CancelOrder")
	return b, err
}

// Bind reads the request's body into one of the contract's types. It returns
// io.EOF if there is none and none is needed.
func (b *binder) Bind(target any, c echo.Context) error {
	r := c.Request()
	switch target.(type) {
	case *contract.PlaceOrder:
		if err := checkContent(r.Header); err != nil {
			return err // before a body is read that could not be used
		}
		body, err := readBody(r)
		if err != nil {
			return err
		}
		return decode(body, b.placeOrder, target, rules)
	case *contract.CancelOrder:
		body, err := readBody(r)
		if err != nil {
			return err
		}
		if len(body) == 0 {
			return io.EOF
		}
		if err := checkContent(r.Header); err != nil {
			return err
		}
		return decode(body, b.cancelOrder, target, nil)
	default:
		return fmt.Errorf("no schema for %T", target)
	}
}

// readBody reads what the middleware has limited.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err == nil:
		return body, nil
	case problem.Of(err).Code == problem.BodyTooLarge:
		return nil, err
	default:
		return nil, &problem.Problem{Code: problem.BadRequest, Detail: "The body ended early or its framing is wrong.", Cause: err}
	}
}

// decode reads body as strict JSON that follows schema and rules. It reports all
// wrong fields at once: 400 if a part could not be read at all, else 422.
func decode(body []byte, schema *openapi3.Schema, target any, rules func(any) []contract.FieldError) error {
	value, err := strictjson.Parse(body, maxDepth)
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

	found := violations(schema, value)
	if rules != nil {
		found = merge(found, rules(value))
	}
	if len(found) > 0 {
		return violated(found)
	}
	if err := json.Unmarshal(body, target); err != nil {
		return fmt.Errorf("a body that follows its schema does not decode: %w", err)
	}
	return nil
}

// violated is 400 if a name is not one of ours: such a body was written for
// something else, and acting on the rest of it would be a guess.
func violated(found []contract.FieldError) *problem.Problem {
	p := problem.New(problem.ValidationFailed, "")
	for _, f := range found {
		if f.Code == string(problem.FieldUnknown) {
			p = problem.New(problem.MalformedBody, "")
			break
		}
	}
	p.Errors = found
	return p
}

// merge adds to found what rules found in fields that are otherwise right.
func merge(found, more []contract.FieldError) []contract.FieldError {
	wrong := map[string]bool{}
	for _, f := range found {
		wrong[f.Pointer] = true
	}
	for _, f := range more {
		if !wrong[f.Pointer] {
			found = append(found, f)
		}
	}
	return found
}
