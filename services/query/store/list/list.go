// Package list has the parts that lists of orders and of products share: cursors, the limits
// of a page, and the conditions of a query.
package list

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
)

// Encode returns a place in a list as an opaque text.
func Encode(place any) string {
	data, err := json.Marshal(place)
	if err != nil {
		panic(err) // a place has texts and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// Decode is the inverse of [Encode]. It refuses with INVALID a text that is not from it.
func Decode(cursor string, place any) error {
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, place)
	}
	if err != nil || Encode(place) != cursor {
		return invalid("the cursor is not from a page of this list")
	}
	return nil
}

// Check refuses the limit and the text of a list that no page can have.
func Check(limit int, text string) error {
	switch {
	case limit < 1 || limit > query.MaxPage:
		return invalid("a page has 1 to %d entries", query.MaxPage)
	case len(text) > query.MaxSearch:
		return invalid("a search has at most %d bytes", query.MaxSearch)
	}
	return nil
}

// Text returns s, or, if it is no text that a name can be, one that no row has: PostgreSQL
// refuses those.
func Text(s string) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "\x01"
	}
	return s
}

// Where is a condition of a query, with its arguments.
type Where struct {
	all  []string
	Args []any
}

// And narrows w by another condition.
func (w *Where) And(condition string, args ...any) {
	w.all, w.Args = append(w.all, condition), append(w.Args, args...)
}

// Clone returns a copy of w.
func (w Where) Clone() Where { return Where{slices.Clone(w.all), slices.Clone(w.Args)} }

// String returns w in SQL.
func (w Where) String() string { return strings.Join(w.all, " AND ") }

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
