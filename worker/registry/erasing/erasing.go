// Package erasing lets the user service erase a customer's orders.
package erasing

import (
	"context"

	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
)

// Orders is the order service as the user service needs it.
type Orders struct{ order.Direct }

// Erase removes the personal data from an account's orders, and has them keep who decided it
// and why, empty for their owner. A repeat is fine.
func (o Orders) Erase(ctx context.Context, d user.Decision) error {
	return o.Direct.Erase(ctx, order.Erasure{Customer: d.Account, By: d.By, Reason: d.Reason}) //nolint:wrapcheck // a fault
}
