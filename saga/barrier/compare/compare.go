// Package compare compares outcomes that different releases have recorded as JSON.
package compare

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Outcome describes in words how rows differs from a recorded outcome, or returns "" if
// it has every recorded field. Empty means that none is recorded.
func Outcome[Out any](recorded string, rows Out) string {
	own, err := json.Marshal(rows)
	switch {
	case err != nil:
		return fmt.Sprintf("a %T cannot be recorded", rows)
	case string(own) == recorded: // nearly always, and without parsing JSON
		return ""
	case recorded == "":
		return "it was answered nothing, the rows say " + string(own)
	}
	var out Out
	if json.Unmarshal([]byte(recorded), &out) == nil {
		// As this release would have written it: without fields that it does not know,
		// and with zeros for those that were not recorded.
		if again, err := json.Marshal(out); err == nil && equalJSON(recorded, string(again), string(own)) {
			return ""
		}
	}
	was, is := apart(recorded, string(own))
	return fmt.Sprintf("it was answered %s, the rows say %s", was, is)
}

// equalJSON is equal for JSON texts.
func equalJSON(recorded, again, own string) bool {
	var values [3]any
	for i, text := range []string{recorded, again, own} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber() // a float64 cannot hold every int64
		if d.Decode(&values[i]) != nil {
			return false
		}
	}
	return equal(values[0], values[1], values[2])
}

// equal reports whether again and own agree in every field of recorded. A field
// that neither has is unknown to this release, or a zero that it omits.
func equal(recorded, again, own any) bool {
	switch recorded := recorded.(type) {
	case map[string]any:
		a, okA := again.(map[string]any)
		b, okB := own.(map[string]any)
		if !okA || !okB {
			break
		}
		for field, was := range recorded {
			is, inA := a[field]
			has, inB := b[field]
			if inA != inB || inA && !equal(was, is, has) {
				return false
			}
		}
		return true
	case []any:
		a, okA := again.([]any)
		b, okB := own.([]any)
		if !okA || !okB || len(a) != len(recorded) || len(b) != len(recorded) {
			break
		}
		for i := range recorded {
			if !equal(recorded[i], a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(again, own)
}

// apart cuts two long texts down to the place where they differ: a page of them
// must fit into one message.
func apart(a, b string) (string, string) {
	const most, before = 300, 50
	if max(len(a), len(b)) <= most {
		return a, b
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	cut := func(s string) string {
		from, dots := max(0, same-before), ""
		if from > 0 {
			dots = "…"
		}
		s = s[from:]
		if len(s) > most {
			s = s[:most] + "…"
		}
		return dots + strings.ToValidUTF8(s, "") // the cuts may be inside a character
	}
	return cut(a), cut(b)
}
