package api

import (
	"strconv"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
)

// rules finds what no schema can say about a whole PlaceOrder: each product may
// be asked for once, or two lines of one order could be reserved twice or priced
// differently. It gets a value that may break the schema, and looks only at what
// has the right shape.
func rules(value any) []contract.FieldError {
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
		if seen[sku] && len(found) < maxErrors {
			found = append(found, problem.Field("/lines/"+strconv.Itoa(i)+"/sku", problem.FieldDuplicate, "is in an earlier line; add the quantities"))
		}
		seen[sku] = true
	}
	return found
}

// repairRules finds what no schema can say about a whole RepairOrder: a repair is
// of one step, an acknowledgement of the whole order.
func repairRules(value any) []contract.FieldError {
	body, _ := value.(map[string]any)
	_, step := body["step"]
	switch acknowledge := body["action"] == string(contract.ActionAcknowledge); {
	case acknowledge && step:
		return []contract.FieldError{problem.Field("/step", problem.FieldNotAllowed, "is not for an acknowledgement, which is of the whole order")}
	case !acknowledge && !step:
		return []contract.FieldError{problem.Field("/step", problem.FieldRequired, "is missing")}
	}
	return nil
}
