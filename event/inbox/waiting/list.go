package waiting

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// list returns a table with the column value and a row for each element of a JSON array
// of strings, a parameter. Unlike a list of parameters it is the same statement for any
// number of elements, so that the server keeps it prepared.
func list(db *gorm.DB) string {
	if db.Name() == "sqlite" {
		return "json_each(?)"
	}
	return "jsonb_array_elements_text(CAST(? AS jsonb)) AS list(value)"
}

func encode(values []string) string {
	if values == nil {
		values = []string{}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings are JSON
	}
	return string(text)
}

func set(query *gorm.DB) (map[string]bool, error) {
	var values []string
	if err := query.Scan(&values).Error; err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	found := make(map[string]bool, len(values))
	for _, v := range values {
		found[v] = true
	}
	return found, nil
}
