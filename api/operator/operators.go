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

// The scopes of accounts that support customers, and of those that operate the shop; the
// latter have both.
const (
	scopeSupport  = "support"
	scopeOperator = "operator"
)

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

// Operators refuses all requests but those of operators: by secret, or by a token with the
// scope operator. Codes: UNAUTHORIZED, NO_OPERATORS, SCOPE_MISSING, UNAVAILABLE.
func (g *Gate) Operators(next echo.HandlerFunc) echo.HandlerFunc { return g.guard(next, scopeOperator) }

// Support refuses all requests but those of operators, and of accounts whose token has the
// scope support. Codes: UNAUTHORIZED, NO_OPERATORS, SCOPE_MISSING, UNAVAILABLE.
func (g *Gate) Support(next echo.HandlerFunc) echo.HandlerFunc { return g.guard(next, scopeSupport) }

// person is the caller of an operation of operators.
type person struct {
	name string
	acts bool // may do everything, not only read and support
}

type personKey struct{}

// By returns the name of the operator, or the account of support, who sends a request that
// has passed a [Gate].
func By(ctx context.Context) string {
	p, _ := ctx.Value(personKey{}).(person)
	return p.name
}

// Acts reports whether the sender of a request that has passed a [Gate] may do everything an
// operator may, and not only read and support customers.
func Acts(ctx context.Context) bool {
	p, _ := ctx.Value(personKey{}).(person)
	return p.acts
}

func (g *Gate) guard(next echo.HandlerFunc, scope string) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		who, err := g.who(r, scope)
		if err != nil {
			g.log.WarnContext(r.Context(), "an operation of operators is refused", "request_id", edge.RequestID(c),
				"method", r.Method, "route", c.Path(), "code", problem.Of(err).Code, "client_net", edge.Network(c))
			return err
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), personKey{}, who))) // its route's deadline restores the request
		return next(c)
	}
}

// who returns the caller, who has the secret of an operator or a token with a scope.
func (g *Gate) who(r *http.Request, scope string) (person, error) {
	name, unknown := g.identify(r.Header)
	if unknown == nil {
		return person{name, true}, nil
	}
	token, ok := bearer(r.Header)
	if g.verifier == nil || !ok {
		return person{}, unknown
	}
	i, err := g.verifier.Verify(r.Context(), token)
	switch {
	case fault.KindOf(err) == fault.Transient:
		return person{}, err //nolint:wrapcheck // a fault, which the edge answers
	case err != nil:
		return person{}, problem.New(problem.Unauthorized, "")
	case !i.Has(scope):
		return person{}, problem.New(problem.ScopeMissing, "The token needs the scope "+scope+".")
	}
	return person{"account " + i.Account, i.Has(scopeOperator)}, nil
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
