package rig

import (
	"path/filepath"

	"github.com/amends/amends/worker/registry"
)

// Layout says how the platform is divided among processes.
type Layout string

// The layouts. Processes call each other over gRPC, and find each other at the broker.
const (
	// Joined is a process for the API, and one for all services.
	Joined Layout = "joined"
	// Together is one process for everything: `amends dev`.
	Together Layout = "together"
	// Apart is Joined with a process of its own for the order service.
	Apart Layout = "apart"
	// Split is a process for the API, and one for each service.
	Split Layout = "split"
	// MTLS is Split with mutual TLS.
	MTLS Layout = "mtls"
)

// Layouts are all of them.
func Layouts() []Layout { return []Layout{Joined, Together, Apart, Split, MTLS} }

const decides = "order" // the service whose worker runs the sagas

// groups returns the services of each process of a layout.
func (l Layout) groups() (all [][]string) {
	var others []string
	for _, name := range registry.Acting() {
		if name != decides {
			others = append(others, name)
		}
	}
	switch l {
	case Apart:
		return [][]string{others, {decides}}
	case Split, MTLS:
		for _, name := range others {
			all = append(all, []string{name})
		}
		return append(all, []string{decides})
	case Joined, Together:
	}
	return [][]string{registry.Acting()}
}

// Front returns the name of the part that is only the client of the engine; "" if the
// API is a part of the worker.
func (l Layout) Front() string {
	if l == Together {
		return ""
	}
	return API
}

// Workers returns the names of the parts that run services.
func (l Layout) Workers() (names []string) {
	groups := l.groups()
	if len(groups) == 1 {
		return []string{Worker}
	}
	for _, group := range groups {
		name := Worker + "-others"
		if len(group) == 1 {
			name = Worker + "-" + group[0]
		}
		names = append(names, name)
	}
	return names
}

// environment is the environment of an authority's certificates.
const environment = "bench"

func (r *Rig) secrets() string      { return filepath.Join(r.o.Dir, "callers") }
func (r *Rig) data() string         { return filepath.Join(r.o.Dir, "data") }
func (r *Rig) certificates() string { return filepath.Join(r.o.Dir, "certificates") }

// identities is the environment by which a process proves who it is.
func (r *Rig) identities() []string {
	if r.o.Platform.Layout != MTLS {
		return []string{"AMENDS_IDENTITY_SECRETS_FILE=" + r.secrets()}
	}
	own := filepath.Join(r.certificates(), "{service}.pem")
	return []string{
		"AMENDS_IDENTITY_ENV=" + environment, "AMENDS_IDENTITY_CERT=" + own, "AMENDS_IDENTITY_KEY=" + own,
		"AMENDS_IDENTITY_BUNDLE=" + filepath.Join(r.certificates(), "bundle.pem"),
	}
}
