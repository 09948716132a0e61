package orders

import (
	"log/slog"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
)

// ParseID returns an order's id in its one spelling, 36 characters in lower case. Its
// error is a problem with code ORDER_ID_INVALID.
func ParseID(s string) (string, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(id.String()) {
		return "", problem.New(problem.OrderIDInvalid, "")
	}
	return id.String(), nil
}

// Attributes returns the access log's attributes for a request about one order.
func Attributes(c echo.Context) []slog.Attr {
	if id, err := ParseID(c.Param("id")); err == nil {
		return []slog.Attr{slog.String("order_id", id)}
	}
	return nil
}

func location(orderID string) string { return "/v1/orders/" + orderID }
