package store

import (
	"encoding/base64"
	"encoding/json"

	"github.com/amends/amends/services/query"
)

// encode returns a place in a list as an opaque text.
func encode(place any) string {
	data, err := json.Marshal(place)
	if err != nil {
		panic(err) // a place has texts and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// decode is the inverse of encode. It refuses with INVALID a text that is not from it.
func decode(cursor string, place any) error {
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, place)
	}
	if err != nil || encode(place) != cursor {
		return invalid("the cursor is not from a page of this list")
	}
	return nil
}

// checkPage refuses the limit and the text of a list that no page can have.
func checkPage(limit int, text string) error {
	switch {
	case limit < 1 || limit > query.MaxPage:
		return invalid("a page has 1 to %d entries", query.MaxPage)
	case len(text) > query.MaxSearch:
		return invalid("a search has at most %d bytes", query.MaxSearch)
	}
	return nil
}
