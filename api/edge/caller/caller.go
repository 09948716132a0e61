// Package caller tells who a request comes from, as far as that is proved: an account, an
// API key, a certificate, or else an address.
package caller

import (
	"net/netip"
	"regexp"

	"github.com/labstack/echo/v4"
)

// Name returns a name of the caller that no other caller can take, for counting.
func Name(c echo.Context) string {
	id := From(c.Request().Context())
	state := c.Request().TLS
	switch {
	case id.Key != "":
		return "key " + id.Key
	case id.Account != "":
		return "account " + id.Account
	case state != nil && len(state.VerifiedChains) > 0: // a certificate that was verified
		leaf := state.VerifiedChains[0][0]
		return "certificate " + leaf.Issuer.String() + " " + leaf.SerialNumber.String()
	default:
		return "address " + network(Address(c))
	}
}

// Address returns the address that a request comes from, the zero one if it is not known.
func Address(c echo.Context) netip.Addr {
	a, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// network returns the part of an address that one customer of a provider has: all of a v4
// address, 64 bits of a v6 address.
func network(a netip.Addr) string {
	if !a.Is6() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String() // 64 bits are never too many
}

var product = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}`)

// Consumer returns the program that a request comes from, for people who ask who still
// calls an operation: its API key or, unproved, the product that its User-Agent begins with.
func Consumer(c echo.Context) string {
	if id := From(c.Request().Context()); id.Key != "" {
		return "key " + id.Key
	}
	return product.FindString(c.Request().UserAgent())
}
