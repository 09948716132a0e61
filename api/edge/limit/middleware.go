package limit

import (
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/identity/token"
)

// The fields of draft-ietf-httpapi-ratelimit-headers-11.
const (
	HeaderPolicy = "RateLimit-Policy"
	HeaderState  = "RateLimit"
)

// Middleware limits the requests of a class, apart from those from exempt networks. It
// tells every client its quotas, and refuses with QUOTA_EXCEEDED.
func (l *Limiter) Middleware(class string, exempt []netip.Prefix) echo.MiddlewareFunc {
	return guard{l, class, exempt}.middleware
}

// Refusals counts, in the quotas of a class, the requests whose credential is refused, as
// those of their address: whoever guesses credentials, or keeps sending one that has ended,
// is told QUOTA_EXCEEDED.
func (l *Limiter) Refusals(class string, exempt []netip.Prefix) echo.MiddlewareFunc {
	return guard{l, class, exempt}.refusals
}

// guard limits the requests of one class.
type guard struct {
	limiter *Limiter
	class   string
	exempt  []netip.Prefix
}

func (g guard) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := g.take(c); err != nil {
			return err
		}
		return next(c)
	}
}

func (g guard) refusals(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if c.Request().Header.Get(echo.HeaderAuthorization) == "" || err == nil || problem.Of(err).Code != token.Unauthenticated {
			return err
		}
		if over := g.take(c); over != nil { // by address: no account is proved
			return over
		}
		return err
	}
}

// take counts a request, and returns the refusal of one too many.
func (g guard) take(c echo.Context) error {
	from := caller.Address(c)
	if slices.ContainsFunc(g.exempt, func(p netip.Prefix) bool { return p.Contains(from) }) {
		return nil
	}
	d, err := g.limiter.Take(c.Request().Context(), g.class, caller.Name(c))
	if err != nil {
		return err
	}
	if d.Policies != "" {
		c.Response().Header().Set(HeaderPolicy, d.Policies)
		c.Response().Header().Set(HeaderState, d.State)
	}
	if len(d.Violated) > 0 {
		return &problem.Problem{Code: problem.QuotaExceeded, Violated: d.Violated, RetryAfter: d.RetryAfter}
	}
	return nil
}
