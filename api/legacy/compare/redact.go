package compare

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// personal are parts of the names of fields that hold data of persons, or secrets.
var personal = []string{
	"name", "mail", "phone", "address", "line1", "line2", "street", "city", "postal", "zip", "region",
	"password", "secret", "token", "text", "subject", "card", "iban", "birth", "claim", "ship_to", "contact",
}

// plain matches texts that name no person: codes, ids, SKUs, currencies and times.
var plain = regexp.MustCompile(`^([A-Z][A-Z0-9_-]{0,39}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d))$`)

// word matches a state in lower case, which is shown in the fields that hold states alone: it
// might be a name elsewhere.
var (
	word   = regexp.MustCompile(`^[a-z_]{1,24}$`)
	states = []string{"status", "state", "kind", "type", "code", "reason", "source", "style", "mode"}
)

// Redact returns a body as JSON without personal data: texts that are no codes, ids or
// times, and all fields whose names tell of persons, are replaced by their length. A body
// that is not JSON is replaced whole.
func Redact(body []byte) string {
	value, err := decode(body)
	if err != nil {
		return fmt.Sprintf("%d bytes that are not JSON", len(body))
	}
	return redacted("", value)
}

func redacted(field string, value any) string {
	text, _ := json.Marshal(hide(field, value)) // it was JSON
	return string(text)
}

func hide(field string, value any) any {
	if isPersonal(field) {
		return hidden(value)
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			out[name] = hide(name, one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = hide(field, one)
		}
		return out
	case string:
		if !plain.MatchString(v) && (!word.MatchString(v) || !slices.Contains(states, field)) {
			return hidden(v)
		}
	}
	return value
}

// hidden tells of a value only whether it is there, and of a text its length.
func hidden(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return fmt.Sprintf("(%d)", len([]rune(v)))
	default:
		return "(hidden)"
	}
}

// difference returns a difference with redacted values.
func difference(at []string, a, b any) Difference {
	show := func(v any) string {
		if v == nil {
			return ""
		}
		text := redactedAt(at, v)
		const longest = 200
		if len(text) > longest {
			return text[:longest] + "…"
		}
		return text
	}
	return Difference{pointer(at), show(a), show(b)}
}

// redactedAt redacts a value by all names that lead to it.
func redactedAt(at []string, v any) string {
	switch {
	case len(at) == 0:
		return redacted("", v)
	case slices.ContainsFunc(at, isPersonal):
		text, _ := json.Marshal(hidden(v)) // it is JSON
		return string(text)
	default:
		return redacted(at[len(at)-1], v)
	}
}

func isPersonal(field string) bool {
	return slices.ContainsFunc(personal, func(part string) bool { return strings.Contains(strings.ToLower(field), part) })
}
