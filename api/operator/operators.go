package operator

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// Operator is a person who may repair orders and decide about dead letters.
type Operator struct {
	Name   string // recorded with every repair and decision
	Secret string // the token of the operator's requests
}

// scopeSupport is that of accounts that support customers.
const scopeSupport = "support"

// Gate lets operators pass, by their secrets. The routes of an address have it in front of
// each handler, so that none can forget to ask.
type Gate struct {
	known    []credential
	verifier caller.Verifier // of the tokens of support; nil: there are none
	log      *slog.Logger
}

type credential struct {
	name   string
	secret [sha256.Size]byte // its hash
}

// NewGate returns a gate for operators, of whom those without a name or a secret are left
// out: a request without a token would be theirs. v verifies the tokens of support, nil: there
// are none.
func NewGate(all []Operator, v caller.Verifier, log *slog.Logger) *Gate {
	g := &Gate{verifier: v, log: log}
	for _, o := range all {
		if o.Name != "" && o.Secret != "" {
			g.known = append(g.known, credential{o.Name, sha256.Sum256([]byte(o.Secret))})
		}
	}
	return g
}

// Operators refuses all requests but those of operators. Codes: NO_OPERATORS, UNAUTHORIZED.
func (g *Gate) Operators(next echo.HandlerFunc) echo.HandlerFunc {
	return g.guard(next, func(r *http.Request) (string, error) {
		name, unknown := g.identify(r.Header)
		if unknown != nil {
			return "", unknown
		}
		return name, nil
	})
}

// Support refuses all requests but those of operators, and of accounts whose token has the
// scope support. Codes: UNAUTHORIZED, NO_OPERATORS, SCOPE_MISSING, UNAVAILABLE.
func (g *Gate) Support(next echo.HandlerFunc) echo.HandlerFunc { return g.guard(next, g.support) }

type nameKey struct{}

// By returns the name of the operator, or the account of support, who sends a request that
// has passed a [Gate].
func By(ctx context.Context) string {
	name, _ := ctx.Value(nameKey{}).(string)
	return name
}

func (g *Gate) guard(next echo.HandlerFunc, who func(*http.Request) (string, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		name, err := who(r)
		if err != nil {
			g.log.WarnContext(r.Context(), "an operation of operators is refused", "request_id", edge.RequestID(c),
				"method", r.Method, "route", c.Path(), "code", problem.Of(err).Code, "client_net", edge.Network(c))
			return err
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), nameKey{}, name))) // its route's deadline restores the request
		return next(c)
	}
}

func (g *Gate) support(r *http.Request) (string, error) {
	name, unknown := g.identify(r.Header)
	if unknown == nil {
		return name, nil
	}
	token, ok := bearer(r.Header)
	if g.verifier == nil || !ok {
		return "", unknown
	}
	i, err := g.verifier.Verify(r.Context(), token)
	switch {
	case fault.KindOf(err) == fault.Transient:
		return "", err //nolint:wrapcheck // a fault, which the edge answers
	case err != nil:
		return "", problem.New(problem.Unauthorized, "")
	case !i.Has(scopeSupport):
		return "", problem.New(problem.ScopeMissing, "The token needs the scope "+scopeSupport+".")
	}
	return "account " + i.Account, nil
}

// identify returns the name of the operator whose token is in h. Its duration tells
// nothing about the secrets.
func (g *Gate) identify(h http.Header) (string, *problem.Problem) {
	if len(g.known) == 0 {
		return "", problem.New(problem.NoOperators, "")
	}
	token, ok := bearer(h)
	if !ok {
		return "", problem.New(problem.Unauthorized, "")
	}
	sum, name, found := sha256.Sum256([]byte(token)), "", 0
	for i := range g.known { // all of them
		if same := subtle.ConstantTimeCompare(sum[:], g.known[i].secret[:]); same == 1 {
			name, found = g.known[i].name, same
		}
	}
	if found == 0 {
		return "", problem.New(problem.Unauthorized, "")
	}
	return name, nil
}

// bearer returns the one token of a request.
func bearer(h http.Header) (token string, ok bool) {
	values := h.Values(echo.HeaderAuthorization)
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}
