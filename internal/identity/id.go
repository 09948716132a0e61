package identity

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Callers that are no services.
const (
	Gateway  = "api"      // the HTTP gateway
	Operator = "operator" // the commands of `amends`
)

// trustDomain is the host of every URI. Two environments differ in their path, so that
// one certificate authority that serves both still separates them.
const trustDomain = "amends"

// ID names a caller, and the environment in which it may call.
type ID struct {
	// Env is the environment, for example "production".
	Env string
	// Name is the service's name, [Gateway] or [Operator].
	Name string
}

// label matches one part of a URI.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidName reports whether name can be that of an environment or of a caller: 1 to 63
// lower-case letters, digits and inner dashes.
func ValidName(name string) bool { return label.MatchString(name) }

// URI returns spiffe://amends/<env>/<name>.
func (id ID) URI() *url.URL {
	return &url.URL{Scheme: "spiffe", Host: trustDomain, Path: "/" + id.Env + "/" + id.Name}
}

// String returns the URI as a text.
func (id ID) String() string { return id.URI().String() }

// Parse returns the ID of a URI. It refuses every text that [ID.String] does not
// return.
func Parse(uri string) (ID, error) {
	path, found := strings.CutPrefix(uri, "spiffe://"+trustDomain+"/")
	env, name, split := strings.Cut(path, "/")
	if !found || !split || !ValidName(env) || !ValidName(name) {
		return ID{}, fmt.Errorf("the URI %q is not spiffe://%s/<environment>/<service>", uri, trustDomain)
	}
	return ID{Env: env, Name: name}, nil
}

// Of returns the ID that a certificate names. A certificate with several URIs, or with
// none, has no identity; as in SPIFFE, it must have exactly one.
func Of(c *x509.Certificate) (ID, error) {
	if len(c.URIs) != 1 {
		return ID{}, fmt.Errorf("the certificate has %d URIs instead of one", len(c.URIs))
	}
	return Parse(c.URIs[0].String())
}

type callerKey struct{}

// WithCaller returns a context of a call by the named caller.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// Caller returns the name of the caller that was let in, "" outside such a call. Lines of
// the log in it have the name.
func Caller(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
