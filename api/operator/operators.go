package operator

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/amends/amends/api/problem"
)

// Operator is a person who may repair orders and decide about dead letters.
type Operator struct {
	Name   string // recorded with every repair and decision
	Secret string // the token of the operator's requests
}

// Credentials identify operators by their secrets.
type Credentials []credential

type credential struct {
	name   string
	secret [sha256.Size]byte // its hash
}

// NewCredentials leaves out operators without a name or a secret: a request without
// a token would be theirs.
func NewCredentials(all []Operator) Credentials {
	var known Credentials
	for _, o := range all {
		if o.Name != "" && o.Secret != "" {
			known = append(known, credential{o.Name, sha256.Sum256([]byte(o.Secret))})
		}
	}
	return known
}

// Identify returns the name of the operator whose token is in h. Its duration tells
// nothing about the secrets. Codes: NO_OPERATORS, UNAUTHORIZED.
func (o Credentials) Identify(h http.Header) (string, *problem.Problem) {
	if len(o) == 0 {
		return "", problem.New(problem.NoOperators, "")
	}
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", problem.New(problem.Unauthorized, "")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", problem.New(problem.Unauthorized, "")
	}
	sum, name, found := sha256.Sum256([]byte(strings.TrimSpace(token))), "", 0
	for i := range o { // all of them
		if same := subtle.ConstantTimeCompare(sum[:], o[i].secret[:]); same == 1 {
			name, found = o[i].name, same
		}
	}
	if found == 0 {
		return "", problem.New(problem.Unauthorized, "")
	}
	return name, nil
}
