package schema

import (
	"strconv"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
)

// DistinctProducts returns the errors of a body whose lines name a product twice: two
// such lines could be reserved twice or priced differently.
func DistinctProducts(value any) []contract.FieldError {
	order, _ := value.(map[string]any)
	lines, _ := order["lines"].([]any)
	var found []contract.FieldError
	seen := map[string]bool{}
	for i, l := range lines {
		line, _ := l.(map[string]any)
		sku, ok := line["sku"].(string)
		if !ok || sku == "" {
			continue
		}
		if seen[sku] && len(found) < MaxErrors {
			found = append(found, problem.Field("/lines/"+strconv.Itoa(i)+"/sku", problem.FieldDuplicate, "is in an earlier line; add the quantities"))
		}
		seen[sku] = true
	}
	return found
}
