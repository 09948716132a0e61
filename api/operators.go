package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/amends/amends/api/problem"
)

// Operator is somebody who may repair orders.
type Operator struct {
	Name   string // recorded with every repair
	Secret string // what the operator's requests carry
}

// operators knows operators by their secrets.
type operators []operator

type operator struct {
	name   string
	secret [sha256.Size]byte // its hash
}

// newOperators leaves out who has no name or no secret: a request without a
// token would be theirs.
func newOperators(all []Operator) operators {
	var known operators
	for _, o := range all {
		if o.Name != "" && o.Secret != "" {
			known = append(known, operator{o.Name, sha256.Sum256([]byte(o.Secret))})
		}
	}
	return known
}

// identify returns the name of the operator whose token is in h. How long that
// takes tells nothing about the secrets.
func (o operators) identify(h http.Header) (string, *problem.Problem) {
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
