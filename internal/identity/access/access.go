// Package access lets callers in: it makes gRPC options by which a client says who it
// is and checks which service it reaches, and by which a server learns its caller and
// applies the policy.
//
// A server finishes the handshake with a client whose certificate it does not accept,
// and refuses each of its calls. So the refusal is an answer that names the rule, and
// not a broken connection, which a client would take for a failure that passes.
package access

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"go.opentelemetry.io/otel/metric"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/local"

	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/identity/secrets"
)

// Mode says how callers prove who they are.
type Mode string

// The modes.
const (
	Off  Mode = "off"  // by secrets, and only on this machine
	On   Mode = "on"   // by certificates on both sides, TLS 1.3
	Mesh Mode = "mesh" // by secrets, over connections that a mesh protects
)

// Config is that of a process.
type Config struct {
	Mode Mode
	// Files are the certificates; for mode [On] only.
	Files *files.Files
	// Secrets are those of the process's own names, and of its callers; for the other
	// modes.
	Secrets secrets.Secrets
	// Audit lets calls pass that the policy denies, and logs and counts them. A caller
	// without an identity is refused nevertheless.
	Audit bool
	// Logger gets denials, not more than ten at once and one a second.
	Logger *slog.Logger
	// Metrics receives the number of denials (amends_calls_denied_total).
	Metrics metric.MeterProvider
}

// Access makes the options of a process.
type Access struct {
	config Config
	denied metric.Int64Counter
	log    rate.Sometimes
}

// New returns the access of a process.
func New(c Config) (*Access, error) {
	if (c.Mode == On) != (c.Files != nil) {
		return nil, errors.New("certificates are for mtls on, and only for it")
	}
	denied, err := c.Metrics.Meter("amends/identity").Int64Counter("amends_calls_denied_total",
		metric.WithDescription("Calls that were denied, by caller, reason (identity or policy), and whether they passed for audit."))
	if err != nil {
		return nil, fmt.Errorf("metrics of denials: %w", err)
	}
	return &Access{config: c, denied: denied, log: rate.Sometimes{First: 10, Interval: time.Second}}, nil
}

// Server returns the options of a server: they learn the caller, apply the policy, and
// put the caller into the context of the call.
func (a *Access) Server() []grpc.ServerOption {
	options := []grpc.ServerOption{grpc.ChainUnaryInterceptor(a.unary), grpc.ChainStreamInterceptor(a.stream)}
	switch a.config.Mode {
	case On:
		return append(options, grpc.Creds(newServer(a.config.Files)))
	case Mesh:
		return options
	default:
		return append(options, grpc.Creds(local.NewCredentials()))
	}
}

// Client returns the options of connections by which one of the process's own names
// calls a service. Its error is that the process cannot prove the name.
func (a *Access) Client(self, service string) ([]grpc.DialOption, error) {
	if a.config.Mode == On {
		if _, err := a.config.Files.Certificate(self); err != nil {
			return nil, err //nolint:wrapcheck // it names the certificate
		}
		return []grpc.DialOption{grpc.WithTransportCredentials(newClient(a.config.Files, self, service))}, nil
	}
	secret, known := a.config.Secrets.Of(self)
	if !known {
		return nil, fmt.Errorf("this process has no secret for %q", self)
	}
	options := []grpc.DialOption{grpc.WithPerRPCCredentials(bearer{self, secret})}
	if a.config.Mode == Mesh {
		return append(options, grpc.WithTransportCredentials(insecure.NewCredentials())), nil
	}
	return append(options, grpc.WithTransportCredentials(local.NewCredentials())), nil
}

// CheckListener returns an error if calls must not be answered at an address, host:port:
// without certificates or a mesh only this machine may call.
func (a *Access) CheckListener(address string) error {
	if a.config.Mode != Off {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address of calls: %w", err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("identity.mtls is off, so calls are not answered at %s, which is not on loopback: configure certificates, or mesh if a mesh protects the connections", address)
}
