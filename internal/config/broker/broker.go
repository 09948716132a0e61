// Package broker has the settings of the broker of events.
package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
)

// Section is the connection to the broker of events and, in `amends broker`, the broker.
type Section struct {
	// URL is the address of the broker: nats://host:port, or tls://host:port for NATS
	// with TLS, kafka://host:port, or kafka+tls://host:port for Kafka with TLS; several
	// servers of a cluster are separated by commas. Empty: the broker of `amends dev`.
	// Default: empty.
	URL string `key:"url" help:"address of the broker of events, nats://, tls://, kafka:// or kafka+tls://"`

	// User and Password are the credentials of the process. Default: empty.
	User     string      `key:"user"`
	Password secret.Text `key:"password"`

	// SeedFile has the seed of the process's nkey, and CredentialsFile a JWT and such a
	// seed, of NATS; at most one of them, and neither together with User. Default: empty.
	SeedFile        string `key:"seed_file"`
	CredentialsFile string `key:"credentials_file"`

	// TLSCert and TLSKey are PEM files of the process's certificate and its key, both or
	// none. They are read again for each connection. In `amends broker` they turn TLS
	// on. Default: empty.
	TLSCert string `key:"tls_cert" reads:"api,worker,dev,broker" help:"PEM file of the certificate"`
	TLSKey  string `key:"tls_key" reads:"api,worker,dev,broker" help:"PEM file of the certificate's key"`

	// TLSCA is a PEM file of the authorities that may sign the other side's certificate.
	// Empty: the system's; in `amends broker`: clients need no certificate. Default: empty.
	TLSCA string `key:"tls_ca" reads:"api,worker,dev,broker" help:"PEM file of the authorities of the other side's certificates"`

	// TakeoverAfter is how long after the last sign of life of a process another one takes
	// over its work on events: it listens in its place, and publishes its outbox; 5s to 10m,
	// with Kafka from 15s. A process that stops is replaced at once. Default: 15s.
	TakeoverAfter time.Duration `key:"takeover_after" reads:"worker,dev"`

	// Listen is the address of `amends broker`, host:port. Default: 127.0.0.1:4222.
	Listen string `key:"listen" reads:"broker" help:"address of the broker"`

	// Users is a file with the users of `amends broker` and their services. Empty: each
	// process that reaches it may do everything. Default: empty.
	Users string `key:"users" reads:"broker" help:"file of the users that may connect, and their services"`

	// Durable makes `amends broker` and the broker of `amends dev` write each event to
	// the disk before they acknowledge it. Otherwise they do so each second, and the
	// outboxes publish again what a power cut took. Default: false.
	Durable bool `key:"durable" reads:"broker,dev" help:"write each event to the disk before it is acknowledged, and slower"`
}

// Default returns the defaults.
func Default() Section {
	return Section{TakeoverAfter: 15 * time.Second, Listen: "127.0.0.1:4222"}
}

// schemes lists the schemes of the brokers' URLs.
var schemes = []string{"nats", "tls", "kafka", "kafka+tls"}

// Check reports the rules that the section breaks, except those of addresses.
func (b Section) Check(p *setting.Problems) {
	if b.URL != "" {
		scheme, host, _ := strings.Cut(b.URL, "://")
		switch {
		case host == "":
			p.Add("broker.url", "must be scheme://host:port", "")
		case strings.Contains(host, "@"):
			p.Add("broker.url", "must have no password in it: set broker.user and broker.password", "")
		default:
			if !slices.Contains(schemes, scheme) {
				p.Add("broker.url", "must be one of "+strings.Join(schemes, ", ")+" before ://", scheme)
			}
		}
	}
	if (b.TLSCert == "") != (b.TLSKey == "") {
		p.Add("broker.tls_cert", "must be set together with broker.tls_key", b.TLSCert)
	}
	if (b.User == "") != (b.Password == "") {
		p.Add("broker.user", "must be set together with broker.password", b.User)
	}
	n := 0
	for _, way := range []string{b.User, b.SeedFile, b.CredentialsFile} {
		if way != "" {
			n++
		}
	}
	if strings.HasPrefix(b.URL, "kafka") && (b.SeedFile != "" || b.CredentialsFile != "") {
		p.Add("broker.user", "must be used, with broker.password, instead of a file of NATS when broker.url is of Kafka", "")
	}
	least := 5 * time.Second
	if strings.HasPrefix(b.URL, "kafka") {
		least = 15 * time.Second // a cluster refuses sessions of less than 6 s
	}
	if most := 10 * time.Minute; b.TakeoverAfter < least || b.TakeoverAfter > most {
		p.Add("broker.takeover_after", fmt.Sprintf("must be from %s to %s", least, most), b.TakeoverAfter.String())
	}
	if n > 1 {
		p.Add("broker.seed_file", "must be the only one of broker.user, broker.seed_file and broker.credentials_file", b.SeedFile)
	}
}
