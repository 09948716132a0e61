// Package web keeps the certificate by which a process proves its host name to clients
// over HTTP, and the authorities of certificates that clients may show. Both are read again
// when their files change. Connections that stand go on with the certificate that they
// began with.
package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/identity/bundle"
	"github.com/amends/amends/internal/identity/reload"
)

// Config names the files.
type Config struct {
	// Cert and Key are PEM files of a certificate with its chain, and of its key.
	Cert, Key string
	// ClientCA is a PEM file of the authorities of clients. A client may show a certificate,
	// and need not; one of another authority is refused. Empty: none is asked for.
	ClientCA string
	// Every is the time between two looks. It must be above 0.
	Every time.Duration
	// Now is the clock that certificates are checked by.
	Now func() time.Time
	// Logger gets a warning for each change that is not used, and a note for each that is.
	Logger *slog.Logger
}

// Certificates are those of one server. All methods may be called at once.
type Certificates struct {
	config  Config
	pair    *reload.Value[*tls.Certificate]
	clients *reload.Value[*x509.CertPool] // nil without ClientCA
	current atomic.Pointer[tls.Config]

	mu      sync.Mutex // one look at a time
	refused string     // the problem of the last look
}

// Open reads the files for the first time. Its error names the file that cannot be used.
func Open(c Config) (*Certificates, error) {
	w := &Certificates{config: c}
	w.pair = reload.New(w.parse, c.Cert, c.Key)
	if c.ClientCA != "" {
		w.clients = reload.New(func(contents ...[]byte) (*x509.CertPool, error) { return bundle.Read(contents[0]) }, c.ClientCA)
	}
	if err := w.Look(); err != nil {
		return nil, fmt.Errorf("certificate of the API: %w", err)
	}
	return w, nil
}

// parse reads a certificate with its key, and refuses one that no client would take now.
func (w *Certificates) parse(contents ...[]byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(contents[0], contents[1]) // also refuses a key of another certificate
	if err != nil {
		return nil, fmt.Errorf("read certificate and key: %w", err)
	}
	if now := w.config.Now(); now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate is valid from %s to %s only",
			pair.Leaf.NotBefore.UTC().Format(time.RFC3339), pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return &pair, nil
}

// Run looks at the files until ctx ends, and returns nil.
func (w *Certificates) Run(ctx context.Context) error {
	return background.NewLoop(background.LoopConfig{
		Name: "certificate of the API", Every: w.config.Every, Logger: w.config.Logger,
		Round: func(context.Context) error {
			_ = w.Look() // it has logged its problem itself
			return nil
		},
	}).Run(ctx)
}

// Look reads the files once, and uses every change that can be used. Its error has a line
// for each content that is not used.
func (w *Certificates) Look() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, err := w.pair.Look()
	if w.clients != nil {
		also, problem := w.clients.Look()
		changed, err = changed || also, errors.Join(err, problem)
	}
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != "" && problem != w.refused && w.current.Load() != nil {
		w.config.Logger.Warn("a certificate file is not used, the old one stays in use", "problem", problem)
	}
	w.refused = problem
	if changed && w.pair.Get() != nil {
		w.current.Store(w.build())
		w.config.Logger.Info("the certificate of the API was read", "file", w.config.Cert, "ends", w.pair.Get().Leaf.NotAfter)
	}
	return err
}

func (w *Certificates) build() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{*w.pair.Get()}}
	if w.clients != nil {
		c.ClientAuth, c.ClientCAs = tls.VerifyClientCertIfGiven, w.clients.Get()
	}
	return c
}

// TLS returns the configuration of a server, which uses each new certificate for the
// connections after it.
func (w *Certificates) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return w.current.Load(), nil },
	}
}
