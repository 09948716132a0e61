package schema

import (
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/internal/strictjson"
)

// decimals returns value with numbers where the schema has decimal ones. Elsewhere a fraction
// or an exponent stays a literal, which no schema takes for an integer.
func decimals(schema *openapi3.Schema, value any) any {
	switch v := value.(type) {
	case strictjson.Number:
		if n, err := strconv.ParseFloat(string(v), 64); err == nil && schema.Type.Is("number") {
			return n
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			out[name] = one
			if field := schema.Properties[name]; field != nil && field.Value != nil {
				out[name] = decimals(field.Value, one)
			}
		}
		return out
	case []any:
		if schema.Items == nil || schema.Items.Value == nil {
			return v
		}
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = decimals(schema.Items.Value, one)
		}
		return out
	}
	return value
}
