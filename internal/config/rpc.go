package config

import (
	"net"
	"net/netip"

	"github.com/amends/amends/internal/config/setting"
)

// RPC is the part of a process that answers the calls of other processes.
type RPC struct {
	// Listen is the address at which the services of the process answer calls over gRPC,
	// host:port as for HTTPAddr, of this machine only. Empty: `amends worker` answers
	// none, and `amends dev` takes any free port of 127.0.0.1. Default: empty.
	Listen string `key:"listen" help:"address at which the services answer calls over gRPC"`
}

// Check reports the rules that the section breaks.
func (r RPC) Check(p *setting.Problems) {
	if r.Listen == "" {
		return
	}
	address(p, "rpc.listen", r.Listen)
	if host, _, err := net.SplitHostPort(r.Listen); err == nil && !loopback(host) {
		p.Add("rpc.listen", "must be an address of this machine only, such as 127.0.0.1:7080", r.Listen)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
