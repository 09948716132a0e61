// Package session proves the account that a request comes from: by the token or API key in
// its Authorization, or by the cookies of a browser.
//
// # Browsers
//
// The cookies have the prefix __Host-, so that only this host sets them, and only over
// TLS or on this machine. Scripts read neither token. The cookies go along with requests that
// pages of other sites make, as far as SameSite=Lax lets them, so a request that changes something
// also repeats the value of a third cookie in a header, which such a page cannot read. Its Origin
// is checked before, see package edge.
package session

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/identity/token"
)

// Verifier checks access tokens and API keys; see [token.Verifier].
type Verifier interface {
	// Verify returns the owner of a token. Codes: UNAUTHENTICATED, UNAVAILABLE.
	Verify(ctx context.Context, credential string) (token.Identity, error)
}

type callerKey struct{}

// Require refuses requests without the token of a caller who has the scope. Codes:
// UNAUTHENTICATED, SCOPE_MISSING, UNAVAILABLE.
func Require(v Verifier, scope string) echo.MiddlewareFunc { return guard{v, scope}.middleware }

// guard requires callers with a scope.
type guard struct {
	verifier Verifier
	scope    string
}

func (g guard) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		proof, ok := bearer(r.Header)
		if !ok {
			return problem.New(token.Unauthenticated, "")
		}
		id, err := g.verifier.Verify(r.Context(), proof)
		switch {
		case err != nil:
			return err
		case !id.Has(g.scope):
			return problem.New(problem.ScopeMissing, "This needs the scope "+g.scope+".")
		}
		caller.Set(c, caller.Identity{Account: id.Account, Key: id.Key})
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callerKey{}, id))) // its route's deadline restores the request
		return next(c)
	}
}

// Caller returns the caller of a request that passed [Require].
func Caller(ctx context.Context) token.Identity {
	id, _ := ctx.Value(callerKey{}).(token.Identity)
	return id
}

// bearer returns the token of a request. Of several, which programs on the way may read
// differently, none counts.
func bearer(h http.Header) (proof string, ok bool) {
	all := h.Values(echo.HeaderAuthorization)
	if len(all) != 1 {
		return "", false
	}
	scheme, proof, _ := strings.Cut(all[0], " ")
	return strings.TrimSpace(proof), strings.EqualFold(scheme, "Bearer")
}
