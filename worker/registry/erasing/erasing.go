// Package erasing lets the user service erase a customer's orders.
package erasing

import (
	"context"

	"github.com/amends/amends/services/order"
)

// Orders is the order service as the user service needs it.
type Orders struct{ order.Direct }

// Erase removes the personal data from a customer's orders. A repeat is fine.
func (o Orders) Erase(ctx context.Context, customer string) error {
	return o.Direct.Erase(ctx, order.Erasure{Customer: customer}) //nolint:wrapcheck // a fault
}
