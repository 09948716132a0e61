package cookie

import (
	"slices"
	"strings"
)

// maxPairs is how many pairs one cookie has room for.
const maxPairs = 30

// Pair is a value and its name.
type Pair struct{ Name, Value string }

// Pairs are a browser's notes about orders and carts, the newest first: by the number of an
// order its claim, which proves that it is the guest's; by the key of a cart who has sent it.
type Pairs []Pair

// ParsePairs reads pairs; any text is a list of them.
func ParsePairs(text string) (all Pairs) {
	for part := range strings.SplitSeq(text, "!") {
		if name, value, ok := strings.Cut(part, "*"); ok && name != "" && value != "" {
			all = append(all, Pair{name, value})
		}
	}
	return all
}

// String returns the text that [ParsePairs] reads.
func (all Pairs) String() string {
	parts := make([]string, len(all))
	for i, p := range all {
		parts[i] = p.Name + "*" + p.Value
	}
	return strings.Join(parts, "!")
}

// Of returns the value of a name, "" if there is none.
func (all Pairs) Of(name string) string {
	for _, p := range all {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// With returns the pairs with another one, without the oldest ones beyond the room. A pair
// that a cookie cannot hold is left out.
func (all Pairs) With(p Pair) Pairs {
	if strings.ContainsAny(p.Name+p.Value, "!*\";, \\") || p.Name == "" || p.Value == "" {
		return all
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(o Pair) bool { return o.Name == p.Name })
	all = append(Pairs{p}, rest...)
	return all[:min(len(all), maxPairs)]
}
