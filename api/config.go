package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/orders"
)

// Config configures a [Server]. Start from [DefaultConfig].
type Config struct {
	// Orders configures how the engine is asked; its Queue has no default.
	Orders orders.Config
	// MaxBody is the largest request body, in bytes. Default 1 MiB.
	MaxBody int64
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty means
	// that the client's address is the socket's. Default empty.
	TrustedProxies []netip.Prefix
}

// DefaultConfig returns the defaults; Orders.Queue is left to set.
func DefaultConfig() Config {
	return Config{Orders: orders.DefaultConfig(), MaxBody: edge.DefaultMaxBody}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var body error
	if c.MaxBody < 1<<10 || c.MaxBody > 64<<20 {
		body = fmt.Errorf("body limit %d is not between 1 KiB and 64 MiB", c.MaxBody)
	}
	return errors.Join(c.Orders.Validate(), body)
}

// Option changes a [Server] beside its [Config].
type Option func(*Server)

// WithLogger sets where requests and failures are logged; default [slog.Default].
func WithLogger(l *slog.Logger) Option { return func(s *Server) { s.log = l } }

// WithOrders sets the order service that placements read, see [orders.Config]; without
// it they ask the workflows.
func WithOrders(r orders.Records) Option { return func(s *Server) { s.records = r } }

// WithInventory sets the inventory service that is asked for stock; without it, every
// such question is answered UNAVAILABLE.
func WithInventory(i shop.Inventory) Option { return func(s *Server) { s.inventory = i } }

// WithObserver calls f after every request, for metrics. It must not block.
func WithObserver(f func(edge.Observation)) Option { return func(s *Server) { s.observe = f } }
