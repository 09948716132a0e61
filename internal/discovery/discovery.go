// Package discovery knows which processes answer for a service, and where.
//
// A process that answers registers an [Instance] of each of its services in a [Registry]:
// in [Memory] if everything runs in one process, in leases of the broker's key-value store
// (package kv) otherwise. [Registration] keeps the lease alive and ends it before the
// process drains. A caller's [List] follows the instances of one service; the resolvers of
// package resolve hand it to gRPC, and the balancer of package balance chooses among it.
//
// A registry is a hint, never an authority. A list keeps its last instances when the
// registry is away, and checks for itself when more than half of the leases end at once:
// a registry that fails must not take down services that work.
package discovery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"time"
)

// Instance is one process that answers for a service.
type Instance struct {
	Service string // such as "catalog"; a name, see [Instance.Validate]
	ID      string // unique for each start of a process; see [NewID]
	Address string // host:port as callers reach it
	Version string // of the program
	Started time.Time
	Load    Load // as of the last renewal
}

// Load is how much a process has to do. A process that answers for several services
// counts the calls of all of them together.
type Load struct {
	InFlight int64 // calls under way
	Calls    int64 // calls answered since the start
	Errors   int64 // of these, the failures in the sense of balance.Failed
}

// name is a legal service or instance: one token of a key on every registry.
var name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// Validate returns the first violation of an instance that no registry may take.
func (i Instance) Validate() error {
	if err := ValidService(i.Service); err != nil {
		return err
	}
	if !name.MatchString(i.ID) {
		return fmt.Errorf("instance id %q: only letters, digits, - and _", i.ID)
	}
	if host, port, err := net.SplitHostPort(i.Address); err != nil || host == "" || port == "" {
		return fmt.Errorf("address %q of instance %s: not host:port", i.Address, i.ID)
	}
	return nil
}

// ValidService refuses a name that cannot be a service's.
func ValidService(service string) error {
	if !name.MatchString(service) {
		return fmt.Errorf("service %q: only letters, digits, - and _", service)
	}
	return nil
}

// maxHost is how much of a host's name an instance's id has.
const maxHost = 20

// NewID returns an id for this start of this process: the host's name, for people, and
// random letters.
func NewID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	host = strings.Map(func(r rune) rune {
		if r < 128 && name.MatchString(string(r)) {
			return r
		}
		return '-'
	}, host)
	return host[:min(len(host), maxHost)] + "-" + strings.ToLower(rand.Text()[:8])
}

// Instances returns an instance of each service for this start of this process.
func Instances(address, version string, services ...string) []Instance {
	id, started := NewID(), time.Now()
	all := make([]Instance, len(services))
	for n, service := range services {
		all[n] = Instance{Service: service, ID: id, Address: address, Version: version, Started: started}
	}
	return all
}

// ErrIllegal wraps the refusal of an instance that can never be registered.
var ErrIllegal = errors.New("no legal instance")

// Registry is a list of instances that all processes share. Implementations are safe for
// concurrent use. Their errors mean that the registry is away, except [ErrIllegal].
type Registry interface {
	// Put registers an instance until [Registry.Lease] has passed. A repeat renews the
	// lease, replaces the load, and restores a registration that the registry has lost.
	Put(ctx context.Context, i Instance) error
	// Remove ends the lease of an instance at once. It succeeds if there is none.
	Remove(ctx context.Context, service, id string) error
	// Watch calls f with every change of a service's instances, one call at a time, the
	// first with all of them. It returns nil when ctx has ended, otherwise an error: the
	// watch is lost, and says nothing about the instances.
	Watch(ctx context.Context, service string, f func(Change)) error
	// All returns the instances of all services, in no order.
	All(ctx context.Context) ([]Instance, error)
	// Lease is how long a registration lasts without a renewal; 0: until it is removed.
	Lease() time.Duration
}

// Change is one change of a service's instances.
type Change struct {
	Kind      Kind
	Instances []Instance // all of them for Listed, otherwise one; Left and Expired know its service and id only
}

// Kind is the kind of a [Change].
type Kind int

// The kinds of a change.
const (
	Listed  Kind = iota // all instances that the registry has; others have gone unseen
	Present             // registered or renewed
	Left                // removed: it is about to stop
	Expired             // its lease has ended: it is dead, or cut off from the registry
)
