// Package caller tells who a request comes from, as far as that is proved: an account, an
// API key, a certificate, or else an address.
package caller

import (
	"context"
	"net/netip"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
)

// Identity is the owner of a token.
type Identity struct {
	Account string // of a person, or ""
	Key     string // the id of an API key, or ""
}

// Verifier checks access tokens.
type Verifier interface {
	// Verify returns the owner of a token. Its error is one that the edge answers.
	Verify(ctx context.Context, token string) (Identity, error)
}

const identityKey = "caller"

// Identify verifies the bearer token of a request that has one. Without a verifier, no
// request has an identity.
func Identify(v Verifier) echo.MiddlewareFunc { return verified{v}.middleware }

// verified has the verifier, or nil.
type verified struct{ verifier Verifier }

func (v verified) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, token, ok := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
		if v.verifier == nil || !ok || !strings.EqualFold(scheme, "Bearer") {
			return next(c)
		}
		id, err := v.verifier.Verify(c.Request().Context(), token)
		if err != nil {
			return err
		}
		c.Set(identityKey, id)
		return next(c)
	}
}

// Name returns a name of the caller that no other caller can take, for counting.
func Name(c echo.Context) string {
	id, _ := c.Get(identityKey).(Identity)
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
	if id, ok := c.Get(identityKey).(Identity); ok && id.Key != "" {
		return "key " + id.Key
	}
	return product.FindString(c.Request().UserAgent())
}
