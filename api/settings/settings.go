// Package settings has the configuration of the public address, with its defaults and its
// limits, and the observer that it tells of requests.
package settings

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/limit"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/shop/invoice"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/identity"
)

// Config configures a server of the public address. Start from [Default].
type Config struct {
	// Orders configures how the engine is asked; its Queue has no default.
	Orders orders.Config
	// MaxBody is the largest request body, in bytes. Default 1 MiB.
	MaxBody int64
	// Limits are the quotas of callers; their Gateways, Observe and Now are set by the
	// server and its options. Default: none.
	Limits limit.Config
	// Exempt are the networks whose requests are not limited. Default: none.
	Exempt []netip.Prefix
	// Hosts are the names that the server answers for, and Origins the other sites whose
	// pages may change anything; see [edge.NewHosts]. Default: this machine only, none.
	Hosts, Origins []string
	// Strict tells browsers to use no plain HTTP; see [edge.Config]. Default: false.
	Strict bool
	// Streams is how many streams each caller may have open at this server at a time, 1 to
	// 1000. Default 16.
	Streams int
	// GuestSecret lets customers without a token, guests, place orders, whose ids and claims
	// are derived from it: the same on every server, at least 24 characters, kept for as
	// long as guests read their orders. Empty: orders need a token. Default empty.
	GuestSecret string
	// EarlierOrders looks at the engine for a guest's order that 0.1.0 has placed under the
	// same key, before it is placed. Default: true.
	EarlierOrders bool
	// Shop serves the shop's pages below /, beside the operations.
	Shop bool
	// Seller is who sells, on invoices. Default: Shop, without an address.
	Seller invoice.Seller
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty means
	// that the client's address is the socket's. Default empty.
	TrustedProxies []netip.Prefix
	// Routes are those that lead to a program behind the gateway. Default: none.
	Routes legacy.Settings
}

// Default returns the defaults; Orders.Queue is left to set.
func Default() Config {
	return Config{Orders: orders.DefaultConfig(), MaxBody: edge.DefaultMaxBody, EarlierOrders: true, Streams: 16, Seller: invoice.Seller{Name: "Shop"}}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var body error
	if c.MaxBody < 1<<10 || c.MaxBody > 64<<20 {
		body = fmt.Errorf("body limit %d is not between 1 KiB and 64 MiB", c.MaxBody)
	}
	var streams error
	if c.Streams < 1 || c.Streams > 1000 {
		streams = fmt.Errorf("limit of %d streams is not between 1 and 1000", c.Streams)
	}
	var guests error
	if n := len(c.GuestSecret); n > 0 && n < identity.MinGuestSecret {
		guests = fmt.Errorf("secret of guests has %d characters, and needs %d", n, identity.MinGuestSecret)
	}
	return errors.Join(c.Orders.Validate(), body, streams, guests)
}

// Guests returns the guests of the server, nil for none.
func (c Config) Guests() *identity.Guests {
	if c.GuestSecret == "" {
		return nil
	}
	return identity.NewGuests(c.GuestSecret)
}
