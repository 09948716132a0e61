package asyncapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3gen"

	"github.com/amends/amends/event"
)

// attributes explain the headers of a message; [event.Encode] decides which there are.
var attributes = map[string]string{
	"ce-specversion":   "The version of CloudEvents.",
	"ce-id":            "Unique for ever. The same fact told again is another event with another id.",
	"ce-type":          "The fact and its version.",
	"ce-source":        "The service that tells.",
	"ce-subject":       "The same as ce-partitionkey.",
	"ce-partitionkey":  "Orders events: those of one service and key arrive in the order of their commits.",
	"ce-time":          "The time of the transaction that told it, in UTC.",
	"ce-correlationid": "The saga that it belongs to; absent: none.",
	"ce-causationid":   "The id of the event that led to it; absent: none.",
	"ce-style":         "The way in which the saga goes on if reactions to its events take its steps; absent: a workflow does.",
	"ce-hops":          "How many events led to it, one after the other; absent: none.",
	"ce-traceparent":   "The W3C trace context of the transaction; absent: none.",
	"ce-sequence":      "The version of the thing that a state fact describes, from 1.",
	"content-type":     "The type of the data.",
}

// headers returns the schema of the headers of a state fact, or of any other.
func headers(state bool) (object, error) {
	e := event.Event{Type: "amends.service.fact.v1"}
	if state {
		e.Sequence = 1
	}
	required := slices.Sorted(maps.Keys(event.Encode(e).Header))
	e.Correlation, e.Causation, e.Style, e.Trace, e.Hops = "1", "1", "1", "1", 1
	properties := object{}
	for name := range event.Encode(e).Header {
		if attributes[name] == "" {
			return nil, fmt.Errorf("header %s is not explained", name)
		}
		properties[name] = object{"type": "string", "description": attributes[name]}
	}
	return object{"type": "object", "properties": properties, "required": required}, nil
}

// payload returns the JSON schema of t as encoding/json writes it, with the comments
// of its fields.
func payload(t reflect.Type, c *comments) (object, error) {
	finish := func(_ string, t reflect.Type, _ reflect.StructTag, schema *openapi3.Schema) error {
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
			return nil
		}
		return finishStruct(t, schema, c)
	}
	generated, err := openapi3gen.NewSchemaRefForValue(reflect.Zero(t).Interface(), nil, openapi3gen.SchemaCustomizer(finish))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	text, err := generated.Value.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	return schema, nil
}

// finishStruct adds to the schema of a struct which fields are always there, and their
// comments.
func finishStruct(t reflect.Type, schema *openapi3.Schema, c *comments) error {
	schema.Required = nil
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if err := finishEmbedded(f.Type, schema, c); err != nil {
				return err
			}
			continue
		}
		property := schema.Properties[name]
		if property == nil {
			return fmt.Errorf("%s.%s has no name in JSON", t, f.Name)
		}
		comment, err := c.of(t, f.Name)
		if err != nil {
			return err
		}
		if comment != "" {
			described := *property.Value
			described.Description = comment
			schema.Properties[name] = openapi3.NewSchemaRef("", &described)
		}
		if !strings.Contains(options, "omit") {
			schema.Required = append(schema.Required, name)
		}
	}
	return nil
}

// finishEmbedded is [finishStruct] for the fields that schema has of an embedded struct.
func finishEmbedded(t reflect.Type, schema *openapi3.Schema, c *comments) error {
	before := schema.Required
	if err := finishStruct(t, schema, c); err != nil {
		return err
	}
	schema.Required = append(before, schema.Required...)
	return nil
}
