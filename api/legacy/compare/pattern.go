package compare

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// pattern matches places in a value: those of a pointer, or all fields of a name.
type pattern struct {
	name     string
	elements []string // if there is no name
}

func parse(text string) pattern {
	if !strings.HasPrefix(text, "/") {
		return pattern{name: text}
	}
	elements := strings.Split(text[1:], "/")
	for i, e := range elements {
		elements[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(e) // RFC 6901
	}
	return pattern{elements: elements}
}

func patterns(texts []string) (all []pattern) {
	for _, text := range texts {
		all = append(all, parse(text))
	}
	return all
}

func (p pattern) matches(at []string) bool {
	if p.name != "" {
		return len(at) > 0 && at[len(at)-1] == p.name
	}
	return slices.EqualFunc(p.elements, at, func(want, got string) bool { return want == "*" || want == got })
}

func matches(all []pattern, at []string) bool {
	return slices.ContainsFunc(all, func(p pattern) bool { return p.matches(at) })
}

// pointer returns a place as a JSON pointer.
func pointer(at []string) string {
	var text strings.Builder
	for _, e := range at {
		text.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(e))
	}
	return text.String()
}

// exact reports whether two spellings are one number, such as 1 and 1.0.
func exact(a, b json.Number) bool { return spelled(a) == spelled(b) }

// spelled returns the one spelling of a number. Large exponents stay as they are, because
// their digits would fill the memory.
func spelled(n json.Number) string {
	const longest = 40
	if len(n) > longest || strings.ContainsAny(string(n), "eE") {
		return string(n)
	}
	x, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return string(n)
	}
	return x.RatString()
}
