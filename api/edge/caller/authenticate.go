package caller

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/identity/token"
)

// HeaderClaim has the proof that an order of a guest is its sender's.
const HeaderClaim = "Amends-Claim"

// Identity is the proved owner of a token or an API key.
type Identity = token.Identity

// Verifier checks tokens and API keys; see [token.Verifier].
type Verifier interface {
	// Verify returns the owner of a token. Codes: UNAUTHENTICATED, UNAVAILABLE.
	Verify(ctx context.Context, token string) (Identity, error)
	// Watch returns a context that ends when the caller's proof does. The caller of Watch must
	// call stop.
	Watch(ctx context.Context, i Identity) (watched context.Context, stop context.CancelFunc)
}

// Need is what an operation asks of its callers.
type Need struct {
	// Token refuses callers without one.
	Token bool
	// Scope is one that a token must have. Empty: any token will do.
	Scope string
}

// Caller is who a request comes from.
type Caller struct {
	Identity // the zero one without a token
	// Claim is that of the request, or "". It is not checked.
	Claim string
}

type contextKey struct{}

// From returns the caller of a request. The zero one has proved nothing.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(contextKey{}).(Caller)
	return c
}

// With returns a context of a request that comes from c.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// Authenticate checks the bearer token of a request, once for all that works on it. Without
// a verifier, it refuses every token. Codes: UNAUTHENTICATED, SCOPE_MISSING, UNAVAILABLE.
func Authenticate(v Verifier, n Need) echo.MiddlewareFunc { return authentication{v, n}.middleware }

// Watch ends the context of a request, which is a stream, with the proof of its caller.
func Watch(v Verifier) echo.MiddlewareFunc { return authentication{verifier: v}.watch }

type authentication struct {
	verifier Verifier // or nil
	need     Need
}

func (a authentication) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		who := Caller{Claim: r.Header.Get(HeaderClaim)}
		switch credential, sent := bearer(r.Header); {
		case sent:
			var err error
			if who.Identity, err = a.verify(r.Context(), credential); err != nil {
				return err
			}
		case a.need.Token:
			return problem.New(token.Unauthenticated, "")
		}
		c.SetRequest(r.WithContext(With(r.Context(), who))) // its route's deadline restores the request
		return next(c)
	}
}

func (a authentication) watch(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		who := From(r.Context())
		if who.Account == "" { // a guest, whose claim has no end
			return next(c)
		}
		ctx, stop := a.verifier.Watch(r.Context(), who.Identity)
		defer stop()
		defer c.SetRequest(r)
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

func (a authentication) verify(ctx context.Context, credential string) (Identity, error) {
	if a.verifier == nil {
		return Identity{}, problem.New(token.Unauthenticated, "No token is valid here: this server has no user service.")
	}
	i, err := a.verifier.Verify(ctx, credential)
	if err == nil && a.need.Scope != "" && !i.Has(a.need.Scope) {
		err = problem.New(problem.ScopeMissing, "The token needs the scope "+a.need.Scope+".")
	}
	return i, err //nolint:wrapcheck // a fault for the client
}

// bearer returns the token of a request. Of several, which programs on the way may read
// differently, none is valid.
func bearer(h http.Header) (credential string, sent bool) {
	all := h.Values(echo.HeaderAuthorization)
	for _, value := range all {
		scheme, rest, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, "Bearer") {
			credential, sent = strings.TrimSpace(rest), true
		}
	}
	if len(all) > 1 {
		credential = ""
	}
	return credential, sent
}
