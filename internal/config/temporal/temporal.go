// Package temporal has the settings of the connection to the engine.
package temporal

import (
	"net"
	"net/url"
	"strings"

	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/engine"
)

// Section is the connection to the engine. Empty fields are taken from the
// TEMPORAL_* environment variables and from the profile file of the temporal CLI,
// except for codec endpoints.
type Section struct {
	// Address is that of the engine's frontend, host:port. Empty: that of
	// TEMPORAL_ADDRESS or the profile, at last 127.0.0.1:7233; in `amends dev` that
	// of its own dev server in any case. Default: empty.
	Address string `key:"address" help:"address of the Temporal frontend"`

	// Namespace is that of the sagas. Empty: that of the environment, at last
	// "default". Default: empty.
	Namespace string `key:"namespace" help:"Temporal namespace"`

	// Profile is the name of the profile in the profile file. Empty: that of the
	// environment, at last "default". Default: empty.
	Profile string `key:"profile" help:"profile of the Temporal client's profile file"`

	// ConfigFile is the profile file. Empty: that of the temporal CLI. Default: empty.
	ConfigFile string `key:"config_file"`

	// APIKey authenticates to Temporal Cloud and turns TLS on. Default: empty.
	APIKey secret.Text `key:"api_key"`

	// TLSCert and TLSKey are PEM files of the client's certificate and its key:
	// both or none. Setting any of the TLS fields turns TLS on. Default: empty.
	TLSCert string `key:"tls_cert"`
	TLSKey  string `key:"tls_key"`

	// TLSCA is a PEM file of the authorities that may sign the server's certificate.
	// Empty: the system's. Default: empty.
	TLSCA string `key:"tls_ca"`

	// TLSServerName is the name that the server's certificate must have. Empty: the
	// host of Address. Default: empty.
	TLSServerName string `key:"tls_server_name"`

	// UIURL is the address of the Temporal Web UI, such as https://temporal.example, whose
	// pages may have operators' payloads opened at the admin address. Empty: none, but in
	// `amends dev` that of its dev server. Default: empty.
	UIURL string `key:"ui_url"`
}

// Options returns the options of a connection to the configured engine. The caller
// sets logger, metrics and converters.
func (t Section) Options(environ []string) engine.Options {
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

// Check reports the rules that t breaks; needed: the process connects to it, so that the
// TEMPORAL_* variables of environ and the profile are checked too.
func (t Section) Check(p *setting.Problems, needed bool, environ []string) {
	before := len(*p)
	if t.Address != "" {
		if _, _, err := net.SplitHostPort(t.Address); err != nil {
			p.Add("temporal.address", "must be host:port", t.Address)
		}
	}
	if u, err := url.Parse(t.UIURL); t.UIURL != "" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != t.UIURL) {
		p.Add("temporal.ui_url", "must be scheme://host[:port], without a path", t.UIURL)
	}
	switch {
	case t.TLSCert != "" && t.TLSKey == "":
		p.Add("temporal.tls_key", "must be set together with temporal.tls_cert", "")
	case t.TLSCert == "" && t.TLSKey != "":
		p.Add("temporal.tls_cert", "must be set together with temporal.tls_key", "")
	}
	if !needed || len(*p) > before {
		return
	}
	if err := t.Options(environ).Check(); err != nil {
		// The error is of TEMPORAL_* variables or of a profile. It names the part, never
		// the value of a key.
		p.Add("temporal", strings.TrimPrefix(err.Error(), "temporal: "), "")
	}
}

// CheckDev reports the rules that the engine of `amends dev` breaks. The services of
// `amends dev` have empty databases and take every task of their queues: on the engine of
// a real shop they would take the shop's tasks. So an address that was set for that
// shop's workers must not be used by accident.
func (t Section) CheckDev(p *setting.Problems) {
	if t.Address == "" {
		if t.Namespace != "" {
			p.Add("temporal.namespace", "must be set together with temporal.address: the dev server of `amends dev` has its own", t.Namespace)
		}
		return
	}
	host, _, err := net.SplitHostPort(t.Address)
	if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		p.Add("temporal.address", "must be of this machine in `amends dev`: run amends api and amends worker on an engine elsewhere", t.Address)
	}
}
