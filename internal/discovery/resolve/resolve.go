// Package resolve lets a gRPC connection find the instances of a service. It has three
// kinds of target:
//
//	amends:///catalog                 instances that are registered; see package discovery
//	static:///10.0.0.1:70,10.0.0.2:70 the addresses as they stand there
//	dns:///catalog.shop.svc:70        all addresses of a host, such as a headless service of
//	                                  Kubernetes, asked for again on a timer: gRPC itself asks
//	                                  only after a failure, so it would not see a scale-up
package resolve

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/balance"
)

// Scheme is that of targets in the registry.
const Scheme = "amends"

// DefaultRefresh is the interval at which a host is looked up again.
const DefaultRefresh = 10 * time.Second

// Config says how connections find their instances.
type Config struct {
	// Registry has the instances of amends targets; nil: there are no such targets.
	Registry discovery.Registry
	// Refresh is the interval of lookups of dns targets; 0: [DefaultRefresh].
	Refresh time.Duration
	// Observer learns what connections see; nil: nobody does.
	Observer Observer
	// Logger must be set.
	Logger *slog.Logger
}

// Observer learns of instances and ejections. It must not block.
type Observer interface {
	balance.Observer
	// Listed reports the instances of a service as a connection now knows them.
	Listed(service string, s discovery.Snapshot)
}

// DialOption returns the option with which a connection to a service understands the
// targets. The observer learns of the service by this name, whatever the target. The
// option overrides gRPC's own dns.
func (c Config) DialOption(service string) grpc.DialOption {
	all := []resolver.Builder{
		watched{Builder: static{}, service: service, observer: c.Observer, list: true},
		watched{Builder: dnsBuilder{resolver.Get("dns"), cmp.Or(c.Refresh, DefaultRefresh)}, service: service, observer: c.Observer, list: true},
	}
	if c.Registry != nil {
		all = append(all, watched{Builder: registered{c, service}, service: service, observer: c.Observer})
	}
	return grpc.WithResolvers(all...)
}

// watched is a builder whose connections tell the observer.
type watched struct {
	resolver.Builder

	service  string
	observer Observer
	list     bool // the addresses are all that is known of the instances
}

// Build implements [resolver.Builder].
func (w watched) Build(t resolver.Target, cc resolver.ClientConn, o resolver.BuildOptions) (resolver.Resolver, error) {
	if w.observer != nil {
		cc = watchedConn{cc, w}
	}
	return w.Builder.Build(t, cc, o)
}

type watchedConn struct {
	resolver.ClientConn

	by watched
}

// UpdateState implements [resolver.ClientConn].
func (c watchedConn) UpdateState(s resolver.State) error {
	if c.by.list {
		c.by.observer.Listed(c.by.service, snapshot(c.by.service, s))
	}
	return c.ClientConn.UpdateState(balance.WithObserver(s, c.by.service, c.by.observer))
}

// snapshot returns the instances of a state. Each address is one, by the name under which
// package balance ejects it.
func snapshot(service string, s resolver.State) (all discovery.Snapshot) {
	for _, e := range s.Endpoints {
		for _, a := range e.Addresses {
			all.Instances = append(all.Instances, discovery.Instance{Service: service, ID: a.Addr, Address: a.Addr})
		}
	}
	return all
}

// registered builds resolvers of targets in the registry.
type registered struct {
	Config

	calls string // the service by the name that the observer learns
}

// Scheme implements [resolver.Builder].
func (registered) Scheme() string { return Scheme }

// Build implements [resolver.Builder].
func (r registered) Build(t resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	service := t.Endpoint()
	if err := discovery.ValidService(service); err != nil {
		return nil, fmt.Errorf("target %s: %w", t.URL.String(), err)
	}
	list := discovery.List{Registry: r.Registry, Service: service, Logger: r.Logger}
	ctx, cancel := context.WithCancel(context.Background())
	run := &running{stop: cancel}
	run.done.Go(func() {
		list.Run(ctx, func(s discovery.Snapshot) {
			if r.Observer != nil {
				r.Observer.Listed(r.calls, s)
			}
			if s.Stale && len(s.Instances) == 0 {
				cc.ReportError(fmt.Errorf("instances of %s: %w", service, s.Err))
				return
			}
			_ = cc.UpdateState(state(s)) // it refuses an empty list, and calls fail until there is one
		})
	})
	return run, nil
}

// running is a resolver that works in the background.
type running struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

// ResolveNow implements [resolver.Resolver]. The list is always the newest.
func (*running) ResolveNow(resolver.ResolveNowOptions) {}

// Close implements [resolver.Resolver].
func (r *running) Close() {
	r.stop()
	r.done.Wait()
}

func state(s discovery.Snapshot) resolver.State {
	addresses := make([]resolver.Address, len(s.Instances))
	for n, i := range s.Instances {
		addresses[n] = balance.WithInstance(resolver.Address{Addr: i.Address}, i.ID)
	}
	return endpoints(addresses)
}

// endpoints returns a state in which every address is an instance.
func endpoints(addresses []resolver.Address) resolver.State {
	s := resolver.State{Addresses: addresses, Endpoints: make([]resolver.Endpoint, len(addresses))}
	for n, a := range addresses {
		s.Endpoints[n].Addresses = []resolver.Address{a}
	}
	return s
}

// static builds resolvers of fixed addresses.
type static struct{}

// Scheme implements [resolver.Builder].
func (static) Scheme() string { return "static" }

// Build implements [resolver.Builder].
func (static) Build(t resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	var addresses []resolver.Address
	for a := range strings.SplitSeq(t.Endpoint(), ",") {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("target %s: %q is not host:port", t.URL.String(), a)
		}
		addresses = append(addresses, resolver.Address{Addr: a})
	}
	if err := cc.UpdateState(endpoints(addresses)); err != nil {
		return nil, fmt.Errorf("target %s: %w", t.URL.String(), err)
	}
	return &running{stop: func() {}}, nil
}
