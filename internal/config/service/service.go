// Package service has the settings of services: their databases and task queues.
package service

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
)

// Section declares the settings of one service: a configuration has a section for
// each service of the package worker/registry.
type Section struct {
	// Name is the service's name.
	Name string
	// Outside is the name of the external system whose simulator has a database of
	// its own. Empty: the service calls none.
	Outside string
	// Secret: the service needs a secret that is not in its database.
	Secret bool
}

// Services has the settings of every service, in the order of their declaration. A
// process needs the DSNs of the services that it runs, and the queues of all: the
// order saga calls every one.
type Services []*Service

// Service has the settings of one service. Its keys begin with services.NAME.
type Service struct {
	Section

	// DSN (dsn) is the service's own database: postgres://user:password@host:port/name
	// or sqlite:PATH. Empty: `amends dev` makes one; every other process that runs
	// the service refuses to start. Default: empty.
	DSN secret.DSN

	// Queue (queue) is the task queue of the service's steps; every process must
	// have the same. Default: "amends-" and the service's name. Releases before had the
	// name alone; workers with the default poll that queue too, for one release.
	Queue string

	// MaxConns (max_conns) bounds the connections that one process of the service
	// opens to its database; the number of its activity slots follows from it. 0: 10 on
	// PostgreSQL and 4 on SQLite, where writers wait for each other anyway. Default: 0.
	MaxConns int

	// Target (target) is where callers find the service over gRPC: amends:///NAME by the
	// registry at the broker, static:///host:port,host:port, or dns:///host:port. Empty:
	// by the registry, if a broker is configured. Default: empty.
	Target string

	// Secret (secret) is the service's, if it needs one, at least 24 characters. Whoever has
	// it and a copy of the database can act for every account; it must be the same in every
	// process of the service. Empty: `amends dev` makes one; every other process that runs
	// the service refuses to start. Default: empty.
	Secret secret.Text

	// OutsideDSN (OUTSIDE_dsn) is the database of the external system's simulator.
	// Empty: as for DSN. Default: empty.
	OutsideDSN secret.DSN
}

// prefix begins the names of task queues by default: an engine may have other users, who
// call their services payment and order, too.
const prefix = "amends-"

// Default returns the defaults of the services that sections declare.
func Default(sections []Section) Services {
	all := make(Services, len(sections))
	for i, s := range sections {
		all[i] = &Service{Section: s, Queue: prefix + s.Name}
	}
	return all
}

// Targets returns the configured targets of services, by name.
func (s Services) Targets() map[string]string {
	targets := map[string]string{}
	for _, service := range s {
		if service.Target != "" {
			targets[service.Name] = service.Target
		}
	}
	return targets
}

// HasDSN reports whether the database of a service is configured.
func (s Services) HasDSN(name string) bool {
	return slices.ContainsFunc(s, func(service *Service) bool { return service.Name == name && service.DSN != "" })
}

// Names returns the names of all services.
func (s Services) Names() []string {
	names := make([]string, len(s))
	for i, service := range s {
		names[i] = service.Name
	}
	return names
}

// Queues returns the task queue of every service by its name.
func (s Services) Queues() map[string]string {
	queues := map[string]string{}
	for _, service := range s {
		queues[service.Name] = service.Queue
	}
	return queues
}

// Former returns the task queues of the releases that had no prefix, by the names of the
// services whose queue is the default one. Sagas in flight have tasks there. A name that is
// a configured queue now is left out.
func (s Services) Former() map[string]string {
	former := map[string]string{}
	taken := s.Queues()
	for _, service := range s {
		if service.Queue == prefix+service.Name && !slices.Contains(slices.Collect(maps.Values(taken)), service.Name) {
			former[service.Name] = service.Name
		}
	}
	return former
}

// Reader returns the kind of a process that opens the database of a service.
func Reader(service string) string { return "service " + service }

// Keys implements [setting.Section].
func (s Services) Keys() (all []setting.Key) {
	for _, service := range s {
		const dev = "dev"
		self := Reader(service.Name)
		all = append(all,
			setting.NewKey(service.key("dsn"), &service.DSN, self, dev),
			setting.NewKey(service.key("queue"), &service.Queue, "api", "worker", dev),
			setting.NewKey(service.key("max_conns"), &service.MaxConns, self, dev),
			setting.NewKey(service.key("target"), &service.Target, "api", "worker", dev),
		)
		if service.Outside != "" {
			all = append(all, setting.NewKey(service.outsideKey(), &service.OutsideDSN, self, dev))
		}
		if service.Section.Secret {
			all = append(all, setting.NewKey(service.key("secret"), &service.Secret, self, dev))
		}
	}
	return all
}

// key returns the key of one of the service's settings.
func (s *Service) key(name string) string { return "services." + s.Name + "." + name }

// outsideKey returns the key of OutsideDSN.
func (s *Service) outsideKey() string { return s.key(s.Outside + "_dsn") }

// queueName matches the allowed names of task queues. Temporal accepts nearly any
// name, and a space at the end of one is a saga that waits for ever.
var queueName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// leastSecret is the shortest secret, in bytes.
const leastSecret = 24

// validTarget reports whether target is empty or begins as one of the three kinds do.
func validTarget(target string) bool {
	if target == "" {
		return true
	}
	scheme, rest, _ := strings.Cut(target, "://")
	return slices.Contains([]string{"amends", "static", "dns"}, scheme) && len(rest) > 1 && strings.Contains(rest, "/")
}

// Check reports the rules that the services break; needed are those that the process
// runs.
func (s Services) Check(p *setting.Problems, needed []string) {
	databases, queues := map[string]string{}, map[string]string{}
	database := func(key string, dsn secret.DSN, need bool) {
		switch {
		case dsn == "" && need:
			p.Add(key, "must be set: this process opens that database", "")
		case dsn == "":
		case dsn.Rule() != "":
			p.Add(key, dsn.Rule(), dsn.String())
		case databases[dsn.Identity()] != "":
			p.Add(key, "must not be the database of "+databases[dsn.Identity()], dsn.String())
		default:
			databases[dsn.Identity()] = key
		}
	}
	for _, service := range s {
		need := slices.Contains(needed, service.Name)
		database(service.key("dsn"), service.DSN, need)
		if service.Outside != "" {
			database(service.outsideKey(), service.OutsideDSN, need)
		}
		if n := len(service.Secret); n > 0 && n < leastSecret {
			p.Add(service.key("secret"), "must have at least "+strconv.Itoa(leastSecret)+" characters", service.Secret.String())
		}
		switch queue, key := service.Queue, service.key("queue"); {
		case !queueName.MatchString(queue):
			p.Add(key, "must be 1 to 200 letters, digits, dots, dashes or underscores", queue)
		case queues[queue] != "":
			p.Add(key, "must differ from "+queues[queue], queue)
		default:
			queues[queue] = key
		}
		if !validTarget(service.Target) {
			p.Add(service.key("target"), "must be amends:///NAME, static:///host:port,host:port or dns:///host:port", service.Target)
		}
		if service.MaxConns < 0 || service.MaxConns > 1000 {
			p.Add(service.key("max_conns"), "must be from 0 to 1000", strconv.Itoa(service.MaxConns))
		}
	}
}
