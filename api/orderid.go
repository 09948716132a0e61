package api

import "github.com/google/uuid"

// parseOrderID returns an order's id in its one spelling, 36 characters in lower
// case.
func parseOrderID(s string) (string, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(id.String()) {
		return "", refuse(codeOrderIDInvalid, "")
	}
	return id.String(), nil
}

func location(orderID string) string { return "/v1/orders/" + orderID }
