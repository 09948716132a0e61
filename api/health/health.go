// Package health tells whether a server lives, and whether it can serve orders.
package health

import (
	"context"
	"sync"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
)

// readyFor is how long a good answer is kept, so that probes cost the engine
// almost nothing. A bad answer is never kept.
const readyFor = 2 * time.Second

// Engine is asked whether it can serve orders; see
// [github.com/amends/amends/internal/orders.Client].
type Engine interface {
	Ready(ctx context.Context) error
}

// Health answers the operations that tell whether a server lives and can serve orders.
// It is safe for concurrent use.
type Health struct {
	engine     Engine
	draining   <-chan struct{}
	conditions []func() error

	mu   sync.Mutex
	good time.Time // of the last good answer
}

// New returns the health of a server that asks e, stops once
// draining is closed, and is not ready while a condition returns a fault.
func New(e Engine, draining <-chan struct{}, conditions []func() error) *Health {
	return &Health{engine: e, draining: draining, conditions: conditions}
}

// Ready returns nil if orders can be served: the engine answers, its namespace has
// the search attributes of orders, it takes placements, a worker polls their queue, the
// conditions of the server hold, and the server is not stopping. Otherwise it returns a fault with code UNAVAILABLE.
//
// An overloaded server is ready. It still reads and cancels orders and places as many
// as can be decided; and its share of the load would go to the other servers, which
// ask the same engine, so that all would become unready one after the other.
func (h *Health) Ready(ctx context.Context) error {
	select {
	case <-h.draining:
		return fault.Errorf(fault.Transient, fault.Unavailable, "The server is stopping.")
	default:
	}
	for _, condition := range h.conditions {
		if err := condition(); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.good) < readyFor {
		return nil
	}
	if err := h.engine.Ready(ctx); err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	h.good = time.Now()
	return nil
}

// GetHealth answers while the process is alive.
func (h *Health) GetHealth(context.Context, contract.GetHealthRequestObject) (contract.GetHealthResponseObject, error) {
	return contract.GetHealth200JSONResponse{Status: contract.HealthOK}, nil
}

// GetReadiness answers while orders can be served.
func (h *Health) GetReadiness(ctx context.Context, _ contract.GetReadinessRequestObject) (contract.GetReadinessResponseObject, error) {
	if err := h.Ready(ctx); err != nil {
		return nil, err
	}
	return contract.GetReadiness200JSONResponse{Status: contract.HealthOK}, nil
}
