package api

import (
	"github.com/google/uuid"

	"github.com/amends/amends/api/problem"
)

// parseOrderID returns an order's id in its one spelling, 36 characters in lower
// case.
func parseOrderID(s string) (string, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(id.String()) {
		return "", problem.New(problem.OrderIDInvalid, "")
	}
	return id.String(), nil
}

func location(orderID string) string { return "/v1/orders/" + orderID }
