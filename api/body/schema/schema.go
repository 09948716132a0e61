// Package schema finds where a JSON value breaks a schema of the contracts. Beside the
// keywords of JSON schema it checks the contracts' string formats, such as currencies,
// countries and card numbers.
package schema

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strictjson"
)

// MaxErrors bounds the fields that one answer names, whatever was sent.
const MaxErrors = 100

// Violations lists where value breaks schema, one entry per field. No entry repeats
// what the client sent.
func Violations(schema *openapi3.Schema, value any) []contract.FieldError {
	var found []contract.FieldError
	seen, listed := map[string]bool{}, map[string]bool{}
	add := func(pointer string, code fault.Code, detail string) {
		if !seen[pointer] && len(found) < MaxErrors {
			seen[pointer] = true
			found = append(found, problem.Field(pointer, code, detail))
		}
	}

	options := append([]openapi3.SchemaValidationOption{openapi3.MultiErrors()}, formats()...)
	for _, e := range flatten(schema.VisitJSON(decimals(schema, value), options...)) {
		pointer := strictjson.Pointer(e.JSONPointer()...)
		if e.SchemaField == "properties" { // one error per unknown field, each with the whole object
			if !listed[pointer] {
				listed[pointer] = true
				for _, name := range unknown(e) {
					add(pointer+strictjson.Pointer(name), problem.FieldUnknown, "is not a field here")
				}
			}
			continue
		}
		code, detail := explain(e)
		add(pointer, code, detail)
	}
	return found
}

// Merge adds to found the errors of fields that are otherwise right.
func Merge(found, more []contract.FieldError) []contract.FieldError {
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

func flatten(err error) []*openapi3.SchemaError {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var all []*openapi3.SchemaError
		for _, e := range many {
			all = append(all, flatten(e)...)
		}
		return all
	case errors.As(err, &one):
		return []*openapi3.SchemaError{one}
	default: // not reached with a contract that loads; refusing is right whatever it is
		return []*openapi3.SchemaError{{SchemaField: "schema"}}
	}
}

// unknown returns the names in an object that its schema does not have.
func unknown(e *openapi3.SchemaError) []string {
	object, ok := e.Value.(map[string]any)
	if !ok {
		return nil
	}
	names := slices.Sorted(maps.Keys(object))
	return slices.DeleteFunc(names, func(name string) bool { return e.Schema.Properties[name] != nil })
}

// explain returns the code and the detail for a keyword of the schema.
func explain(e *openapi3.SchemaError) (fault.Code, string) {
	s := e.Schema
	switch e.SchemaField {
	case "required":
		return problem.FieldRequired, "is missing"
	case "type", "nullable":
		return problem.FieldWrongType, "must be " + article(s)
	case "minLength":
		if s.MinLength == 1 {
			return problem.FieldTooShort, "must not be empty"
		}
		return problem.FieldTooShort, fmt.Sprintf("must have at least %d characters", s.MinLength)
	case "maxLength":
		return problem.FieldTooLong, fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "minItems":
		return problem.FieldTooFew, fmt.Sprintf("must have at least %d", s.MinItems)
	case "maxItems":
		return problem.FieldTooMany, fmt.Sprintf("must have at most %d", *s.MaxItems)
	case "minimum":
		return problem.FieldTooSmall, fmt.Sprintf("must be at least %.0f", *s.Min)
	case "maximum":
		return problem.FieldTooLarge, fmt.Sprintf("must be at most %.0f", *s.Max)
	case "pattern":
		return problem.FieldNotAllowed, "must match " + s.Pattern
	case "enum":
		return problem.FieldNotAllowed, "must be one of " + strings.Trim(fmt.Sprintf("%q", s.Enum), "[]")
	case "format":
		if f, ok := errors.AsType[*formatError](e.Origin); ok {
			return f.Code, f.Detail
		}
	}
	return problem.FieldNotAllowed, "is not allowed"
}

// article names a schema's type in a sentence.
func article(s *openapi3.Schema) string {
	switch names := strings.Join(s.Type.Slice(), " or "); names {
	case "integer":
		return "a whole number, written in plain digits"
	case "array", "object":
		return "an " + names
	default:
		return "a " + names
	}
}
