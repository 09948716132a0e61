package config

import (
	"net"
	"strings"

	"github.com/amends/amends/internal/engine"
)

// Options returns what a connection to the configured engine needs. Logger,
// metrics and converters are for the caller to set.
func (t Temporal) Options(environ []string) engine.Options {
	return engine.Options{
		Address:       t.Address,
		Namespace:     t.Namespace,
		Profile:       t.Profile,
		ConfigFile:    t.ConfigFile,
		APIKey:        string(t.APIKey),
		TLSCert:       t.TLSCert,
		TLSKey:        t.TLSKey,
		TLSCA:         t.TLSCA,
		TLSServerName: t.TLSServerName,
		Environ:       environ,
	}
}

func (p *Problems) temporal(c *Config, needed bool, environ []string) {
	before := len(*p)
	if c.Temporal.Address != "" {
		if _, _, err := net.SplitHostPort(c.Temporal.Address); err != nil {
			p.add("temporal.address", "must be host:port", c.Temporal.Address)
		}
	}
	switch {
	case c.Temporal.TLSCert != "" && c.Temporal.TLSKey == "":
		p.add("temporal.tls_key", "must be set together with temporal.tls_cert", "")
	case c.Temporal.TLSCert == "" && c.Temporal.TLSKey != "":
		p.add("temporal.tls_cert", "must be set together with temporal.tls_key", "")
	}
	if !needed || len(*p) > before {
		return
	}
	if err := c.Temporal.Options(environ).Check(); err != nil {
		p.add("temporal", strings.TrimPrefix(err.Error(), "temporal: "), "") // of TEMPORAL_* variables or a profile; it names the part, never a value of a key
	}
}

// dev judges the engine of `amends dev`. Its services bring empty databases and
// take every task of their queues: beside workers of a shop, they would take the
// shop's. So an address that is set for those must not reach it by accident.
func (p *Problems) dev(c *Config) {
	if c.Temporal.Address == "" {
		if c.Temporal.Namespace != "" {
			p.add("temporal.namespace", "must be set together with temporal.address: the dev server of `amends dev` has its own", c.Temporal.Namespace)
		}
		return
	}
	host, _, err := net.SplitHostPort(c.Temporal.Address)
	if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		p.add("temporal.address", "must be of this machine in `amends dev`: run amends api and amends worker on an engine elsewhere", c.Temporal.Address)
	}
}
