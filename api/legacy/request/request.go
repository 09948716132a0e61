// Package request has the parts of a request that decide where it may go.
package request

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/amends/amends/api/legacy/shadow"
	"github.com/amends/amends/internal/identity/token"
)

// Operation is a switch's view of an operation of the services.
type Operation struct {
	Method, Path string // the pattern as Echo writes it
	Open         bool   // it looks at no credential
	Optional     bool   // a credential is optional
	Copied       bool   // it is a read that may be copied
	DryRun       bool   // it is a write that can be tried without effect
	Stream       bool   // it answers a stream
	Own          bool   // it is about this gateway, and no route takes it
}

// Tried reports whether a request for o, which may be nil, is for a write that is only tried,
// or for one whose wish cannot be read, which the handlers refuse.
func (o *Operation) Tried(h http.Header) bool {
	all := h.Values(shadow.HeaderDryRun)
	if o == nil || !o.DryRun || len(all) == 0 {
		return false
	}
	yes, err := strconv.ParseBool(all[0])
	return yes || err != nil || len(all) > 1
}

// Foreign reports whether the credential of a request is of another platform than this one.
// Of several, which programs may read differently, none is.
func Foreign(h http.Header) bool {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return false
	}
	scheme, credential, _ := strings.Cut(all[0], " ")
	credential = strings.TrimSpace(credential)
	return !strings.EqualFold(scheme, "Bearer") || !token.IsKey(credential) && !token.IsToken(credential)
}

// Reads reports whether a request changes nothing.
func Reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
