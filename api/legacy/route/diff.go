package route

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Difference is a field of a route that has changed. Before is empty for a new route.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Differences returns the fields in which after differs from before, as the file writes
// their values.
func Differences(before, after Route) (all []Difference) {
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		name, _, _ := strings.Cut(b.Type().Field(i).Tag.Get("yaml"), ",")
		if was, is := value(b.Field(i)), value(a.Field(i)); was != is {
			all = append(all, Difference{name, was, is})
		}
	}
	return all
}

func value(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	var n yaml.Node
	if n.Encode(v.Interface()) != nil {
		return ""
	}
	n.Style = yaml.FlowStyle
	text, err := yaml.Marshal(&n)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
