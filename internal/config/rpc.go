package config

import (
	"net"

	"github.com/amends/amends/internal/config/setting"
)

// RPC is the part of a process that answers the calls of other processes.
type RPC struct {
	// Listen is the address at which the services of the process answer calls over gRPC,
	// host:port as for HTTPAddr. An address that other machines reach needs identity.mtls
	// on or mesh. Empty: `amends worker` answers none, and `amends dev` takes any free
	// port of 127.0.0.1. Default: empty.
	Listen string `key:"listen" help:"address at which the services answer calls over gRPC"`

	// Advertise is the address at which other processes reach Listen, host:port; it is
	// registered at the broker. Empty: Listen, with the name of the machine if Listen is
	// every interface. Default: empty.
	Advertise string `key:"advertise" help:"address at which other processes reach the services"`

	// Retries repeats a call to another process that found no server, if a repeat of its
	// method has no further effect. False where a mesh repeats calls. Default: true.
	Retries bool `key:"retries"`
}

// DefaultRPC returns the defaults.
func DefaultRPC() RPC { return RPC{Retries: true} }

// Check reports the rules that the section breaks. Whether Listen may be reached by other
// machines depends on [Identity], and is checked when a process listens.
func (r RPC) Check(p *setting.Problems) {
	if r.Listen != "" {
		address(p, "rpc.listen", r.Listen)
	}
	if r.Advertise == "" {
		return
	}
	address(p, "rpc.advertise", r.Advertise)
	if host, port, err := net.SplitHostPort(r.Advertise); err == nil && (host == "" || port == "0") {
		p.Add("rpc.advertise", "must have a host and a port: other processes call it", r.Advertise)
	}
}
