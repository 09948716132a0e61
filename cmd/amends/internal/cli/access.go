package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/worker/registry"
)

// Callers returns the names of all callers: the services, the API and the operators.
func Callers() []string { return append(registry.Names(), identity.Gateway, identity.Operator) }

// KeepSecrets gives every caller a secret in the file of the callers' secrets, unless the
// process is configured to use others or none. The caller has locked the data folder. A
// repeat changes nothing.
func KeepSecrets(c *config.Config) error {
	if c.Identity.Secrets != "" || access.Mode(c.Identity.Mode()) == access.On {
		return nil
	}
	_, err := secrets.Keep(c.CallerSecrets(), Callers()...)
	return err
}

// serviceSecrets is the file with the secrets of services in a data folder.
func serviceSecrets(c *config.Config) string { return filepath.Join(c.DataDir, "secrets") }

// KeepServiceSecrets gives every service that needs a secret, and has none configured, the
// one of the data folder, which is made first if there is none. The caller has locked the
// folder. A repeat changes nothing.
func KeepServiceSecrets(c *config.Config) error {
	var names []string
	for _, s := range c.Services {
		if s.Section.Secret && s.Secret == "" {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := secrets.Keep(serviceSecrets(c), names...); err != nil {
		return err
	}
	return ReadServiceSecrets(c)
}

// ReadServiceSecrets gives the services without a configured secret those of the data
// folder, if it has any.
func ReadServiceSecrets(c *config.Config) error {
	kept, err := secrets.Read(serviceSecrets(c))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range c.Services {
		if own, ok := kept.Of(s.Name); ok && s.Section.Secret && s.Secret == "" {
			s.Secret = secret.Text(own)
		}
	}
	return nil
}

// Access returns the access of a process that answers and calls under some names, as it
// is configured. certificates is nil without mutual TLS; otherwise the caller runs it, and
// shows its readiness and warnings.
func Access(c *config.Config, names []string, log *slog.Logger, metrics metric.MeterProvider) (a *access.Access, certificates *files.Files, err error) {
	o := access.Config{Mode: access.Mode(c.Identity.Mode()), Audit: c.Identity.Policy == "audit", Logger: log, Metrics: metrics}
	if o.Mode != access.On {
		if o.Secrets, err = callerSecrets(c); err != nil {
			return nil, nil, err
		}
		a, err = access.New(o)
		return a, nil, err
	}
	o.Files, err = files.Open(files.Config{
		Env: c.Identity.Env, Names: names, Cert: c.Identity.Cert, Key: c.Identity.Key, Bundle: c.Identity.Bundle,
		Every: c.Identity.Every, Now: time.Now, Logger: log,
	})
	if err != nil {
		return nil, nil, err
	}
	if err := o.Files.Measure(metrics); err != nil {
		return nil, nil, err
	}
	a, err = access.New(o)
	return a, o.Files, err
}

// callerSecrets returns the secrets of the settings, or those of the file.
func callerSecrets(c *config.Config) (secrets.Secrets, error) {
	if c.Identity.Secrets == "" {
		s, err := secrets.Read(c.CallerSecrets())
		if errors.Is(err, fs.ErrNotExist) && c.Identity.SecretsFile == "" {
			err = fmt.Errorf("set identity.cert or identity.secrets, or data_dir to that of an `amends dev`: %w", err)
		}
		return s, err
	}
	s, err := secrets.Parse(string(c.Identity.Secrets))
	if err != nil {
		return secrets.Secrets{}, fmt.Errorf("identity.secrets: %w", err)
	}
	return s, nil
}
