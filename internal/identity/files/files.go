// Package files keeps the certificates of a process as they are in its files, and
// reads them again when they change; see package reload. A warning tells of a content that
// cannot be used.
package files

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/bundle"
	"github.com/amends/amends/internal/identity/reload"
)

// Config names the files.
type Config struct {
	// Env is the environment that the certificates must name.
	Env string
	// Names are the callers and services that the process runs; each has a certificate.
	Names []string
	// Cert and Key are PEM files of a certificate with its chain, and of its key. They may
	// be one file. {service} in a path stands for a name.
	Cert, Key string
	// Bundle is a PEM file of the authorities that are trusted.
	Bundle string
	// Every is the time between two looks. It must be above 0.
	Every time.Duration
	// Now is the clock that certificates are checked by.
	Now func() time.Time
	// Logger gets a warning for each change that is not used, and a note for each that is.
	Logger *slog.Logger
}

// Files are the certificates of a process. All methods may be called at once.
type Files struct {
	config Config
	roots  *reload.Value[*x509.CertPool]
	pairs  map[string]*reload.Value[*tls.Certificate] // by name
	failed atomic.Int64

	mu      sync.Mutex // one look at a time
	refused string     // the problem of the last look
}

// Open reads the files for the first time. Its error names the file that cannot be
// used. A certificate that has expired, or is for another name, cannot.
func Open(c Config) (*Files, error) {
	f := &Files{config: c, pairs: map[string]*reload.Value[*tls.Certificate]{}}
	f.roots = reload.New(func(contents ...[]byte) (*x509.CertPool, error) { return bundle.Read(contents[0]) }, c.Bundle)
	for _, name := range c.Names {
		f.pairs[name] = reload.New(func(contents ...[]byte) (*tls.Certificate, error) {
			return f.readPair(name, contents[0], contents[1])
		}, f.path(c.Cert, name), f.path(c.Key, name))
	}
	if err := f.Look(); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return f, nil
}

// Run looks at the files until ctx ends, and returns nil.
func (f *Files) Run(ctx context.Context) error {
	return background.NewLoop(background.LoopConfig{
		Name: "certificates", Every: f.config.Every, Logger: f.config.Logger,
		Round: func(context.Context) error {
			_ = f.Look() // it has logged and counted its problem itself
			return nil
		},
	}).Run(ctx)
}

// Look reads the files once, and uses every change that can be used. Its error has a
// line for each content that is not used.
func (f *Files) Look() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	// The bundle comes first: a certificate by a new authority needs it.
	err := f.lookAtBundle()
	for _, name := range f.config.Names {
		err = errors.Join(err, f.lookAtPair(name))
	}
	f.report(err)
	return err
}

// report counts a look that failed, and logs each problem once.
func (f *Files) report(err error) {
	problem := ""
	if err != nil {
		f.failed.Add(1)
		problem = err.Error()
	}
	if problem != f.refused && problem != "" {
		f.config.Logger.Warn("a certificate file is not used, the old one stays in use", "problem", problem)
	}
	f.refused = problem
}

func (f *Files) lookAtBundle() error {
	changed, err := f.roots.Look()
	if changed {
		f.config.Logger.Info("the bundle of authorities was read", "file", f.config.Bundle)
	}
	return err
}

func (f *Files) lookAtPair(name string) error {
	changed, err := f.pairs[name].Look()
	if changed {
		f.config.Logger.Info("a certificate was read", "file", f.path(f.config.Cert, name), "ends", f.pairs[name].Get().Leaf.NotAfter)
	}
	return err
}

func (f *Files) path(pattern, name string) string {
	return strings.ReplaceAll(pattern, "{service}", name)
}

// Certificate returns the certificate in use of a name, or an error if the process has
// none for it.
func (f *Files) Certificate(name string) (*tls.Certificate, error) {
	if pair := f.pairs[name]; pair != nil {
		return pair.Get(), nil
	}
	return nil, fmt.Errorf("this process has no certificate for %q", name)
}

// Roots returns the authorities that are trusted now.
func (f *Files) Roots() *x509.CertPool { return f.roots.Get() }

// Names returns the names that the process has certificates for.
func (f *Files) Names() []string { return f.config.Names }

// ID returns the identity of a name in the environment of the process.
func (f *Files) ID(name string) identity.ID { return identity.ID{Env: f.config.Env, Name: name} }

// Now returns the time that certificates are checked by.
func (f *Files) Now() time.Time { return f.config.Now() }
