// Package balance spreads the calls of a gRPC connection over the instances of a service.
//
// [Policy] is gRPC's least_request_experimental, which of two random instances takes the
// one with fewer calls under way, and leaves out those that are not healthy. Alone it has
// one weakness: an instance that fails at once has few calls under way, so it would get
// most of them. Therefore a failure counts as a call of one second, and five in a row
// eject the instance for ten seconds, longer each time. gRPC's own outlier detection needs
// all of xDS, which would add 27 MB to the program.
//
// A connection uses it by its service configuration:
//
//	{"loadBalancingConfig": [{"amends_least_request": {}}],
//	 "healthCheckConfig": {"serviceName": "catalog"}}
package balance

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/leastrequest"
	_ "google.golang.org/grpc/health" // the client's half: without it no connection asks for health
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
)

// Policy is the name of the policy in a service configuration.
const Policy = "amends_least_request"

// Observer learns of ejections. It must not block.
type Observer interface {
	// Ejected reports that this connection gives an instance no calls for that long.
	Ejected(service, instance string, until time.Time)
}

func init() { balancer.Register(builder{}) } // gRPC has one list of policies, for all connections

type (
	instanceKey struct{} // of an address: the id of its instance
	observerKey struct{} // of a state: who watches the connection
)

// watched is the value of observerKey.
type watched struct {
	service  string
	observer Observer
}

// WithInstance returns a for an instance of that id, which is a new one if another had
// its address before. Without an id the address is the instance.
func WithInstance(a resolver.Address, id string) resolver.Address {
	a.Attributes = a.Attributes.WithValue(instanceKey{}, id)
	return a
}

// WithObserver returns s for a connection to a service whose ejections o learns.
func WithObserver(s resolver.State, service string, o Observer) resolver.State {
	s.Attributes = s.Attributes.WithValue(observerKey{}, watched{service, o})
	return s
}

func keyOf(a resolver.Address) string {
	if id, ok := a.Attributes.Value(instanceKey{}).(string); ok {
		return id
	}
	return a.Addr
}

// builder implements [balancer.Builder] and [balancer.ConfigParser].
type builder struct{}

func (builder) Name() string { return Policy }

func (builder) ParseConfig(raw json.RawMessage) (serviceconfig.LoadBalancingConfig, error) {
	parser, ok := balancer.Get(leastrequest.Name).(balancer.ConfigParser)
	if !ok {
		return nil, fmt.Errorf("%s takes no configuration", leastrequest.Name)
	}
	return parser.ParseConfig(raw)
}

func (builder) Build(cc balancer.ClientConn, o balancer.BuildOptions) balancer.Balancer {
	c := &conn{ClientConn: cc, instances: instances{known: map[string]*instance{}}}
	return &policy{Balancer: balancer.Get(leastrequest.Name).Build(c, o), conn: c}
}

// policy is least request, but its connections are watched.
type policy struct {
	balancer.Balancer

	conn *conn
}

// UpdateClientConnState implements [balancer.Balancer].
func (p *policy) UpdateClientConnState(s balancer.ClientConnState) error {
	if w, ok := s.ResolverState.Attributes.Value(observerKey{}).(watched); ok {
		p.conn.watched.Store(&w)
	}
	keys := map[string]bool{}
	for _, e := range s.ResolverState.Endpoints {
		for _, a := range e.Addresses {
			keys[keyOf(a)] = true
		}
	}
	p.conn.instances.retain(keys)
	return p.Balancer.UpdateClientConnState(s)
}
