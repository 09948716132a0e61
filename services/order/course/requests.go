package course

import (
	"context"
	"time"

	"github.com/amends/amends/services/order"
)

// Requests are those of customers about choreographed orders, which they begin and abort.
type Requests interface {
	// Place records a choreographed order under id, and tells order.placed, with which its
	// saga begins. It is placed now, by the clock of this service, and may stay undecided for
	// decideAfter; the times and the style of p are not read. An order that exists is the
	// answer and stays as it is, whatever its style and its request, as of
	// [order.Service.Create], which refuses the same placements.
	Place(ctx context.Context, id string, p order.Placement, decideAfter time.Duration) (order.Record, error)

	// Withdraw objects to an order for its customer; see [Service.Object], whose errors it
	// has.
	Withdraw(ctx context.Context, id string) (order.Record, error)
}
