// Package route defines the routes of the gateway that lead to a program behind it, or to
// the services that replace it: a file of upstreams and routes, its rules, the route of a
// request, and the side that an account is on.
package route

import (
	"bytes"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Mode says which side answers the requests of a route.
type Mode string

// The modes, in the order in which a route moves.
const (
	Legacy  Mode = "legacy"  // the upstream
	Shadow  Mode = "shadow"  // the upstream; the services get copies, whose answers are compared
	Canary  Mode = "canary"  // the services for a share of the accounts, the upstream for the others
	Service Mode = "service" // the services
)

// Route leads the requests that match it.
type Route struct {
	// Name is 1 to 64 lower-case letters, digits and dashes, once in a file.
	Name string `yaml:"name"`
	// Match has patterns of [net/http.ServeMux] without a host. The most specific pattern of
	// all routes decides.
	Match []string `yaml:"match,flow"`
	// Mode is legacy by default.
	Mode Mode `yaml:"mode"`
	// Percent is the share of accounts that a canary takes, 0 to 100 with two decimals.
	Percent float64 `yaml:"percent,omitempty"`
	// Upstream is the name of one of the file.
	Upstream string `yaml:"upstream"`
	// Timeout is how long either side may take until its answer begins; longer is an error.
	// 100ms to 60s. Default: 3s.
	Timeout time.Duration `yaml:"timeout"`
	Compare Compare       `yaml:"compare,omitempty"`
	Gate    Gate          `yaml:"gate"`
}

// Compare says which differences between two answers do not count. A pointer such as
// /lines/*/id has * for every element; a bare name is that of a field anywhere.
type Compare struct {
	Ignore    []string          `yaml:"ignore,omitempty,flow"`    // fields that are not compared
	Unordered []string          `yaml:"unordered,omitempty,flow"` // arrays whose order does not matter
	Tolerance map[string]string `yaml:"tolerance,omitempty,flow"` // differences of numbers, or of times ("2s"), that are none
}

// Gate has the conditions under which a route moves towards the services, and back.
type Gate struct {
	// Compared is how many answers must have been compared before the services get more
	// requests, and Differing the share that may differ. 0 compared: there is no condition.
	// Default: 1000, 0.01.
	Compared  int     `yaml:"compared"`
	Differing float64 `yaml:"differing"`
	// Errors is by how much the share of failed requests of the services may exceed that of
	// the upstream over Window; above, the route is cut back to legacy. Least is how many
	// requests of the services decide. 1 errors: it is never cut back. Default: 0.05, 10s, 20.
	Errors float64       `yaml:"errors"`
	Window time.Duration `yaml:"window"` // 1s to 60s
	Least  int           `yaml:"least"`
	// Slow is how long a request may be in flight, on either side, before it counts as failed
	// for that, whatever time its client prefers to wait: a service that hangs does not answer
	// within Window. 100ms to 60s. Default: 5s.
	Slow time.Duration `yaml:"slow"`
}

// New returns a route with the defaults.
func New() Route {
	return Route{Mode: Legacy, Timeout: 3 * time.Second, Gate: Gate{Compared: 1000, Differing: 0.01, Errors: 0.05, Window: 10 * time.Second, Least: 20, Slow: 5 * time.Second}}
}

// UnmarshalYAML implements [yaml.Unmarshaler]: it decodes over the defaults.
func (r *Route) UnmarshalYAML(n *yaml.Node) error {
	type plain Route
	*r = New()
	return strict(n, (*plain)(r))
}

// UnmarshalYAML implements [yaml.Unmarshaler]: it decodes over the values that g has.
func (g *Gate) UnmarshalYAML(n *yaml.Node) error {
	type plain Gate
	*g = New().Gate
	return strict(n, (*plain)(g))
}

// strict decodes a node and refuses unknown keys, which a nested decoder does not inherit.
func strict(n *yaml.Node, into any) error {
	text, err := yaml.Marshal(n)
	if err != nil {
		return err //nolint:wrapcheck // it was read from YAML
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(into) //nolint:wrapcheck // Read says the file
}

// share returns the part of accounts that the services answer, 0 to 1.
func (r Route) share() float64 {
	switch r.Mode {
	case Service:
		return 1
	case Canary:
		return r.Percent / 100
	default:
		return 0
	}
}

// Serves reports whether the services answer requests of the route.
func (r Route) Serves() bool { return r.Mode == Canary || r.Mode == Service }

// Promotes reports whether after gives the services more requests than r does.
func (r Route) Promotes(after Route) bool { return after.share() > r.share() }

// SameQuestion reports whether comparisons under r also tell about o.
func (r Route) SameQuestion(o Route) bool {
	return fmt.Sprint(r.Match, r.Upstream, r.Compare) == fmt.Sprint(o.Match, o.Upstream, o.Compare)
}
