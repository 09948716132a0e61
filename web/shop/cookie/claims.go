package cookie

import (
	"slices"
	"strings"
)

// maxClaims is how many orders of a guest one cookie has room for.
const maxClaims = 30

// Claim proves that a guest's order is its holder's.
type Claim struct{ Order, Claim string }

// Claims are those of a guest, the newest first.
type Claims []Claim

// ParseClaims reads claims; any text is a list of them.
func ParseClaims(text string) (all Claims) {
	for part := range strings.SplitSeq(text, "!") {
		if order, claim, ok := strings.Cut(part, "*"); ok && order != "" && claim != "" {
			all = append(all, Claim{order, claim})
		}
	}
	return all
}

// String returns the text that [ParseClaims] reads.
func (all Claims) String() string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = c.Order + "*" + c.Claim
	}
	return strings.Join(parts, "!")
}

// Of returns the claim of an order, "" if there is none.
func (all Claims) Of(order string) string {
	for _, c := range all {
		if c.Order == order {
			return c.Claim
		}
	}
	return ""
}

// With returns the claims with that of another order, without the oldest ones beyond the room.
// A claim that a cookie cannot hold is left out.
func (all Claims) With(c Claim) Claims {
	if strings.ContainsAny(c.Order+c.Claim, "!*\";, \\") || c.Order == "" || c.Claim == "" {
		return all
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(o Claim) bool { return o.Order == c.Order })
	all = append(Claims{c}, rest...)
	return all[:min(len(all), maxClaims)]
}
