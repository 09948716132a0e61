package inventory

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the inventory service. It owns warehouses, stock and reservations.
// Do/undo pair: Reserve/Release. Commit closes a reservation for good.
type Service interface {
	// Reserve holds the stock of every line, or of none, split into the fewest
	// parcels (ties by warehouse code). A repeat returns the recorded
	// reservation. It refuses with OUT_OF_STOCK; after Release or a null undo it
	// answers SUSPENDED. A reservation does not expire.
	Reserve(ctx context.Context, k key.Key, req ReserveRequest) (Reservation, error)

	// Release takes back what Reserve under the same k holds. A repeat, and a
	// release of what never was reserved, succeed; the latter blocks a late
	// Reserve.
	Release(ctx context.Context, k key.Key) error

	// Commit turns what the saga k.Saga holds into sold stock. A repeat returns
	// the recorded answer. A saga that holds nothing is a bug (NOTHING_HELD).
	Commit(ctx context.Context, k key.Key) (Commitment, error)

	// Receive adds quantity of sku to a warehouse's available stock and creates
	// both if they are new. It is not idempotent: every call is a delivery.
	Receive(ctx context.Context, d Delivery) (Stock, error)

	// Stock returns what every warehouse has of a SKU, by warehouse code.
	Stock(ctx context.Context, sku string) ([]Stock, error)
}
