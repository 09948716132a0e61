// Package peers connects a process with the other processes of its platform: it proves who
// the process is, registers where its services answer, and calls the services of others.
package peers

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/balance"
	"github.com/amends/amends/internal/discovery/meter"
	"github.com/amends/amends/internal/discovery/resolve"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker"
)

// Options describe a process.
type Options struct {
	Config *config.Config
	// Names are those under which the process answers and calls.
	Names []string
	// Registry has the instances of services; see [Registry].
	Registry discovery.Registry
	Logger   *slog.Logger
	Metrics  *telemetry.Metrics
}

// Peers are the other processes of a platform. A nil Peers is those of a process that
// neither calls nor is called.
type Peers struct {
	config       *config.Config
	access       *access.Access
	certificates *files.Files // nil without mutual TLS
	find         resolve.Config
	meters       metric.MeterProvider
}

// Start reads the certificates or the secrets of the process. The certificates are read
// again when they change, for as long as parts live.
func Start(ctx context.Context, parts *process.Parts, o Options) (*Peers, error) {
	p := &Peers{config: o.Config, meters: o.Metrics.Meters()}
	var err error
	if p.access, p.certificates, err = cli.Access(o.Config, o.Names, o.Logger, p.meters); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if p.certificates != nil {
		parts.Start(ctx, process.Part{Name: "certificates", Run: p.certificates.Run})
	}
	seen := new(meter.Client)
	if err := o.Metrics.Collect(seen); err != nil {
		return nil, err
	}
	p.find = resolve.Config{Registry: o.Registry, Observer: seen, Logger: o.Logger}
	return p, nil
}

// Listen takes an address for the calls of others, and returns how a worker answers there.
// It fails for an address that other machines reach if callers could not prove their
// names to it.
func (p *Peers) Listen(ctx context.Context, parts *process.Parts, address string) (worker.RPC, error) {
	if err := p.access.CheckListener(address); err != nil {
		return worker.RPC{}, fmt.Errorf("rpc.listen: %w", err)
	}
	l, err := process.Listen(ctx, "rpc.listen", address)
	if err != nil {
		return worker.RPC{}, err
	}
	parts.Start(ctx, process.Closer("rpc.listen", l.Close))
	reached, err := p.reached(l)
	if err != nil {
		return worker.RPC{}, err
	}
	return worker.RPC{
		Listener: l, Plugins: p.access.Server(), Registry: p.find.Registry, Address: reached, Version: cli.Version(),
	}, nil
}

// reached returns the address at which others reach l.
func (p *Peers) reached(l net.Listener) (string, error) {
	if p.config.RPC.Advertise != "" {
		return p.config.RPC.Advertise, nil
	}
	address, err := reachable(l)
	if err != nil {
		return "", fmt.Errorf("rpc.advertise: must be set: %w", err)
	}
	return address, nil
}

// reachable returns the address of l, with the name of this machine if l is every interface.
func reachable(l net.Listener) (string, error) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", fmt.Errorf("address of a listener: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return "", fmt.Errorf("the name of this machine is unknown: %w", err)
		}
	}
	return net.JoinHostPort(host, port), nil
}

// target returns where the instances of a service are found.
func (p *Peers) target(service string) string {
	if target := p.config.Services.Targets()[service]; target != "" {
		return target
	}
	return resolve.Scheme + ":///" + service
}

// Dial returns connections by which the process calls a service under one of its own
// names. They last as long as parts.
func (p *Peers) Dial(ctx context.Context, parts *process.Parts, self, service string, options ...grpc.DialOption) (grpc.ClientConnInterface, error) {
	plugins, err := p.access.Client(self, service)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if !p.config.RPC.Retries {
		options = append(slices.Clip(options), grpc.WithDisableRetry())
	}
	conn, err := rpc.Dial(rpc.DialOptions{
		Target: p.target(service), Service: service, Balancer: balance.Policy, Metrics: p.meters,
		Plugins: append(append(plugins, p.find.DialOption(service)), options...),
	})
	if err != nil {
		return nil, err
	}
	parts.Start(ctx, process.Closer("calls of "+service, conn.Close))
	return conn, nil
}

// Instances returns the instances that are registered where the process finds others, none
// if it finds them by their targets alone.
func (p *Peers) Instances(ctx context.Context) ([]discovery.Instance, error) {
	if p == nil || p.find.Registry == nil {
		return nil, nil
	}
	return p.find.Registry.All(ctx) //nolint:wrapcheck // it names the operation
}

// Ready returns nil while the process can prove its names, otherwise a fault.
func (p *Peers) Ready() error {
	if p == nil || p.certificates == nil {
		return nil
	}
	return p.certificates.Ready()
}

// Warnings returns what operators should know about the certificates.
func (p *Peers) Warnings() []string {
	if p == nil || p.certificates == nil {
		return nil
	}
	return p.certificates.Warnings()
}
