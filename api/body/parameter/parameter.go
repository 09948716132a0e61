// Package parameter reads the parameters of queries by the schemas of the contract. It
// reports all wrong ones at once, and never repeats what the client sent.
package parameter

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// Form describes the query of one operation.
type Form struct{ schema *openapi3.Schema }

// Of returns the form of an operation: the schemas of its parameters, and no others. Those of its
// path are not among them.
func Of(o *openapi3.Operation) Form {
	s := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	for _, p := range o.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			s.Properties[p.Value.Name] = p.Value.Schema
			if p.Value.Required {
				s.Required = append(s.Required, p.Value.Name)
			}
		}
	}
	return Form{s}
}

// Read reads the query of a URL into target, a pointer to the operation's parameters; nil
// only checks it. Its errors are problems: 400 if a parameter is unknown or the query has no
// meaning at all, otherwise 422, also if a required one is missing.
func (f Form) Read(query string, target any) error {
	sent, err := url.ParseQuery(query)
	if err != nil {
		return &problem.Problem{Code: problem.BadRequest, Detail: "The query is not encoded as one.", Cause: err}
	}
	values, wrong := f.values(sent)
	wrong = schema.Merge(wrong, schema.Violations(f.schema, values)) // one that has no value is not missing, too
	if len(wrong) > 0 {
		return problem.Wrong(wrong, problem.New(problem.BadRequest, "The query has a parameter that is not one here; see errors."))
	}
	if target == nil {
		return nil
	}
	text, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(text, target)
	}
	if err != nil {
		return fmt.Errorf("a query that follows its schema does not decode: %w", err)
	}
	return nil
}

// values returns what was sent as JSON values, without those that are none.
func (f Form) values(sent url.Values) (values map[string]any, wrong []contract.FieldError) {
	values = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		known := f.schema.Properties[name]
		if known == nil {
			values[name] = nil // which the schema refuses
			continue
		}
		value, code, detail := valueOf(known.Value, sent[name])
		if code != "" {
			wrong = append(wrong, problem.Field("/"+name, code, detail))
			continue
		}
		values[name] = value
	}
	return values, wrong
}

// valueOf returns the JSON value of a parameter, or why it has none. A text that is no value
// of the schema's type stays a text, which the schema refuses.
func valueOf(s *openapi3.Schema, sent []string) (value any, code fault.Code, detail string) {
	text := sent[0]
	switch {
	case len(sent) > 1:
		return nil, problem.FieldNotAllowed, "must be given once"
	case !utf8.ValidString(text):
		return nil, problem.FieldWrongType, "must be text in UTF-8"
	case s.Format == "date-time" && !isTime(text):
		return nil, problem.FieldNotAllowed, "must be an RFC 3339 time of the years 1970 to 9999"
	case s.Type.Is(openapi3.TypeInteger):
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, "", ""
		}
	case s.Type.Is(openapi3.TypeBoolean) && (text == "true" || text == "false"):
		return text == "true", "", ""
	}
	return text, "", ""
}

// The years that a time may have: those that every database has.
const firstYear, lastYear = 1970, 9999

func isTime(text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	year := at.UTC().Year()
	return err == nil && year >= firstYear && year <= lastYear
}

// DefaultPage is the number of entries of a page, unless the client wants another.
const DefaultPage = 20

// Limit returns the number of entries of a page.
func Limit(wanted *int) int {
	if wanted == nil {
		return DefaultPage
	}
	return *wanted
}

// Value returns an optional parameter, the zero value if it is absent.
func Value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
