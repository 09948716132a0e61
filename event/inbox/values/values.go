// Package values passes any number of texts to a statement as one parameter.
package values

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// List returns a table with the column value and a row for each element of a JSON array
// of strings, a parameter. Unlike a list of parameters it is the same statement for any
// number of elements, so that the server keeps it prepared.
func List(db *gorm.DB) string {
	if db.Name() == "sqlite" {
		return "json_each(?)"
	}
	return "jsonb_array_elements_text(CAST(? AS jsonb)) AS list(value)"
}

// Encode returns the parameter of a [List].
func Encode(values []string) string {
	if values == nil {
		values = []string{}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings are JSON
	}
	return string(text)
}

// Set returns the texts that a query with one column finds.
func Set(query *gorm.DB) (map[string]bool, error) {
	var values []string
	if err := query.Scan(&values).Error; err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	found := make(map[string]bool, len(values))
	for _, v := range values {
		found[v] = true
	}
	return found, nil
}
