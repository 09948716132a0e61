package asyncapi_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// breaking lists the changes from was to is that can break a reader of was: a channel,
// a message or a field that is gone, or means something else. Additions break none,
// because readers ignore unknown names.
func breaking(was, is map[string]any) (changes []string) {
	for _, section := range [][]string{{"channels"}, {"operations"}, {"components", "messages"}, {"components", "schemas"}} {
		old, _ := at(was, section...).(map[string]any)
		now, _ := at(is, section...).(map[string]any)
		for name, part := range old {
			changes = append(changes, changed(name, part, now[name])...)
		}
	}
	slices.Sort(changes)
	return changes
}

// words are for people only.
var words = []string{"description", "summary", "title"}

func changed(where string, was, is any) (changes []string) {
	old, isObject := was.(map[string]any)
	now, still := is.(map[string]any)
	if !isObject || !still {
		if !reflect.DeepEqual(was, is) {
			changes = append(changes, where)
		}
		return changes
	}
	for name, part := range old {
		switch list, isList := part.([]any); {
		case slices.Contains(words, name) && !isProperties(where):
		case name == "required" && isList: // a field that was always there stays so
			have, _ := now[name].([]any)
			for _, field := range list {
				if !slices.Contains(have, field) {
					changes = append(changes, where+".required")
				}
			}
		default:
			changes = append(changes, changed(where+"."+name, part, now[name])...)
		}
	}
	return changes
}

// isProperties reports whether the names at a path are those of fields.
func isProperties(where string) bool {
	const suffix = ".properties"
	return len(where) >= len(suffix) && where[len(where)-len(suffix):] == suffix
}

func TestBreakingChangesAreFound(t *testing.T) {
	t.Parallel()
	const released = `
channels: {a: {address: evt.a, messages: {v1: {$ref: x}}}}
components:
  messages: {v1: {summary: old words, x-key: order}}
  schemas:
    v1:
      type: object
      required: [id, title]
      properties: {id: {type: string}, title: {type: string}, lines: {type: array, items: {type: object, properties: {n: {type: integer}}}}}
`
	was := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(released), &was))
	for name, tc := range map[string]struct {
		change func(doc map[string]any)
		want   []string
	}{
		"Nothing": {func(map[string]any) {}, nil},
		"Words":   {func(d map[string]any) { set(d, "new words", "components", "messages", "v1", "summary") }, nil},
		"ANewField": {func(d map[string]any) {
			set(d, map[string]any{"type": "string"}, "components", "schemas", "v1", "properties", "new")
			set(d, []any{"id", "title", "new"}, "components", "schemas", "v1", "required")
		}, nil},
		"AChannelIsGone": {func(d map[string]any) { set(d, nil, "channels", "a") }, []string{"a"}},
		"AnotherAddress": {func(d map[string]any) { set(d, "evt.b", "channels", "a", "address") }, []string{"a.address"}},
		"AnotherKey":     {func(d map[string]any) { set(d, "sku", "components", "messages", "v1", "x-key") }, []string{"v1.x-key"}},
		"AFieldIsGone": {func(d map[string]any) {
			set(d, nil, "components", "schemas", "v1", "properties", "title")
		}, []string{"v1.properties.title"}},
		"AFieldIsNotAlwaysThere": {func(d map[string]any) {
			set(d, []any{"id"}, "components", "schemas", "v1", "required")
		}, []string{"v1.required"}},
		"AnotherType": {func(d map[string]any) {
			set(d, "string", "components", "schemas", "v1", "properties", "lines", "items", "properties", "n", "type")
		}, []string{"v1.properties.lines.items.properties.n.type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			is := map[string]any{}
			require.NoError(t, yaml.Unmarshal([]byte(released), &is))
			tc.change(is)
			require.Equal(t, tc.want, breaking(was, is))
		})
	}
}

func set(doc map[string]any, value any, path ...string) {
	of, _ := at(doc, path[:len(path)-1]...).(map[string]any)
	of[path[len(path)-1]] = value
}
