package edge

import (
	"net"
	"time"

	"github.com/amends/amends/internal/config/setting"
)

// TLS is the certificate of the API at http_addr.
type TLS struct {
	// Cert and Key are PEM files of the API's certificate with its chain, and of its key,
	// both or none. They are read again when they change, and no connection is dropped. With
	// them, or with SelfSigned, the API answers HTTPS and nothing else. Default: empty.
	Cert string `key:"cert" help:"PEM file of the API's certificate"`
	Key  string `key:"key" help:"PEM file of the certificate's key"`

	// ClientCA is a PEM file of the authorities that sign certificates of clients. A client
	// that shows one is limited by it instead of its address; none has to. Default: empty.
	ClientCA string `key:"client_ca" help:"PEM file of the authorities of clients' certificates"`

	// SelfSigned makes a certificate for localhost at each start. Default: false.
	SelfSigned bool `key:"self_signed" help:"make a certificate for this machine, for development"`

	// Every is the time between two looks at these files. Default: 10s.
	Every time.Duration `key:"every"`
}

// DefaultTLS returns the defaults.
func DefaultTLS() TLS { return TLS{Every: 10 * time.Second} }

// On reports whether the API answers HTTPS.
func (t TLS) On() bool { return t.Cert != "" || t.SelfSigned }

// Check reports the rules that the section breaks.
func (t TLS) Check(p *setting.Problems) {
	switch {
	case t.Cert != "" && t.Key == "":
		p.Add("tls.key", "must be set together with tls.cert", "")
	case t.Key != "" && t.Cert == "":
		p.Add("tls.cert", "must be set together with tls.key", "")
	case t.Cert != "" && t.SelfSigned:
		p.Add("tls.self_signed", "must not be set together with tls.cert", "true")
	case t.ClientCA != "" && t.Cert == "":
		p.Add("tls.client_ca", "needs tls.cert and tls.key", t.ClientCA)
	}
}

// CheckPlain reports an address that would answer plain HTTP to other machines, unless
// insecure allows it.
func (t TLS) CheckPlain(p *setting.Problems, addr string, insecure bool) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || t.On() || insecure { // a malformed address has a problem of its own
		return
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return
	}
	p.Add("http_addr", "must be on loopback without TLS: set tls.cert and tls.key, or insecure_http behind a proxy that has TLS", addr)
}
