package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Operator is somebody who may repair orders.
type Operator struct {
	Name   string // recorded with every repair
	Secret string // what the operator's requests carry
}

// operators knows operators by their secrets.
type operators []struct {
	name   string
	secret [sha256.Size]byte
}

func newOperators(all []Operator) operators {
	known := make(operators, len(all))
	for i, o := range all {
		known[i].name, known[i].secret = o.Name, sha256.Sum256([]byte(o.Secret))
	}
	return known
}

// identify returns the name of the operator whose token is in h. How long that
// takes tells nothing about the secrets.
func (o operators) identify(h http.Header) (string, *problem) {
	if len(o) == 0 {
		return "", refuse(codeNoOperators, "")
	}
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", refuse(codeUnauthorized, "")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(codeUnauthorized, "")
	}
	sum, name, found := sha256.Sum256([]byte(strings.TrimSpace(token))), "", 0
	for i := range o { // all of them
		if same := subtle.ConstantTimeCompare(sum[:], o[i].secret[:]); same == 1 {
			name, found = o[i].name, same
		}
	}
	if found == 0 {
		return "", refuse(codeUnauthorized, "")
	}
	return name, nil
}
