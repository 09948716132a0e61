package api

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

// readiness remembers the last good answer.
type readiness struct {
	mu   sync.Mutex
	good time.Time
}

// Ready returns nil if orders can be served: the engine answers, its namespace has
// the search attributes of orders, and the server is not stopping. Otherwise it
// returns a fault with code UNAVAILABLE.
func (s *Server) Ready(ctx context.Context) error {
	select {
	case <-s.draining:
		return fault.Errorf(fault.Transient, fault.Unavailable, "The server is stopping.")
	default:
	}
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	if time.Since(s.ready.good) < readyFor {
		return nil
	}
	if err := s.orders.Ready(ctx); err != nil {
		return err
	}
	s.ready.good = time.Now()
	return nil
}

// health answers the operations that tell how the process is.
type health struct{ server *Server }

// GetHealth answers while the process is alive.
func (h health) GetHealth(context.Context, contract.GetHealthRequestObject) (contract.GetHealthResponseObject, error) {
	return contract.GetHealth200JSONResponse{Status: contract.HealthOK}, nil
}

// GetReadiness answers while orders can be served.
func (h health) GetReadiness(ctx context.Context, _ contract.GetReadinessRequestObject) (contract.GetReadinessResponseObject, error) {
	if err := h.server.Ready(ctx); err != nil {
		return nil, err
	}
	return contract.GetReadiness200JSONResponse{Status: contract.HealthOK}, nil
}
