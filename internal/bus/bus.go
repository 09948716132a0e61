// Package bus connects to the configured broker of events: the scheme of its URL says
// which kind it is.
package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/kafka"
	"github.com/amends/amends/internal/identity/bundle"
)

// Options tell who the process is, and whom it trusts.
type Options struct {
	// Name shows the process in the broker's list of connections.
	Name string
	// User and Password, SeedFile, or CredentialsFile are the credentials.
	User, Password            string
	SeedFile, CredentialsFile string
	// TLSCert and TLSKey are PEM files, read for each connection. TLSCA has the
	// authorities of the server; empty: the system's.
	TLSCert, TLSKey, TLSCA string
	// TakeoverAfter is how long after the last sign of life of a process another one may
	// listen for its groups; 0: 15 s. It must be the lease of the groups.
	TakeoverAfter time.Duration
	// Logger may be nil.
	Logger *slog.Logger
	// Observe is called after each call of the broker; it may be nil.
	Observe func(call string, took time.Duration, err error)
}

// ackWait is how long a broker waits for a sign of life: until TakeoverAfter it has given
// the messages of a dead process up, which takes it twice as long at most, and the process
// that takes over does not wait for it.
func (o Options) ackWait() time.Duration { return o.TakeoverAfter * 2 / 5 }

// Open returns a bus on the broker at url. The broker need not be reachable yet. The
// error has one line.
func Open(url string, o Options) (event.Bus, error) {
	scheme, hosts, _ := strings.Cut(url, "://")
	switch scheme {
	case "nats", "tls", "kafka", "kafka+tls":
	default:
		return nil, fmt.Errorf("broker: %q is no scheme of a broker; it must be nats, tls, kafka or kafka+tls", scheme)
	}
	config, err := o.tls(strings.HasSuffix(scheme, "tls"))
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if strings.HasPrefix(scheme, "kafka") {
		return o.kafka(strings.Split(strings.ReplaceAll(hosts, scheme+"://", ""), ","), config)
	}
	return jetstream.Open(url, jetstream.Options{
		Name: o.Name, TLS: config, User: o.User, Password: o.Password,
		CredentialsFile: o.CredentialsFile, SeedFile: o.SeedFile, AckWait: o.ackWait(), Logger: o.Logger, Observe: o.Observe,
	})
}

func (o Options) kafka(brokers []string, config *tls.Config) (event.Bus, error) {
	if o.SeedFile != "" || o.CredentialsFile != "" {
		return nil, errors.New("broker: seeds and credentials files are for NATS: Kafka takes a user and a password")
	}
	return kafka.Open(brokers, kafka.Options{
		Name: o.Name, TLS: config, User: o.User, Password: o.Password, AckWait: o.ackWait(), Logger: o.Logger, Observe: o.Observe,
	})
}

// tls returns the configuration of the connection, nil for one without TLS.
func (o Options) tls(wanted bool) (*tls.Config, error) {
	if !wanted {
		if o.TLSCert != "" || o.TLSCA != "" {
			return nil, errors.New("certificates are configured, so the scheme must be tls or kafka+tls")
		}
		return nil, nil //nolint:nilnil // no TLS, no error
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if o.TLSCA != "" {
		var err error
		if config.RootCAs, err = Authorities(o.TLSCA); err != nil {
			return nil, err
		}
	}
	if o.TLSCert != "" {
		pair := Certificate(o.TLSCert, o.TLSKey)
		if _, err := pair(); err != nil {
			return nil, err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair() }
	}
	return config, nil
}

// Authorities reads a PEM file of certificates, all of it or none.
func Authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	pool, err := bundle.Read(text)
	if err != nil {
		return nil, fmt.Errorf("authorities: %s: %w", path, err)
	}
	return pool, nil
}

// Certificate returns a function that reads a certificate and its key anew on each call,
// so that they may be replaced while the process runs.
func Certificate(cert, key string) func() (*tls.Certificate, error) {
	return func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		return &pair, nil
	}
}
