package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/doctor/reports"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
)

// API returns `amends api`.
func API(std cli.Stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api",
		Short: "Serve the HTTP API; it needs the engine and no database",
		Args:  cobra.NoArgs,
	}
	std.Runs(cmd, cli.Process{
		Needs: cli.Needing(config.Needs{Temporal: true, API: true}),
		Check: checkAPI,
		Run: func(ctx context.Context, c *config.Config, _ []string) error {
			return runAPI(ctx, std, c, std.Unread(cmd, config.ProcessAPI))
		},
	})
	config.AddFlags(cmd.Flags(), "http_addr", "admin_addr", "broker.url", "http.hosts", "auth", "shop", "saga.style", "tls.cert", "tls.key", "tls.client_ca", "tls.self_signed", "insecure_http", "legacy.file")
	cli.AddEngineFlags(cmd)
	cli.Choices(cmd, "auth", "required", "optional")
	cli.Choices(cmd, "saga-style", "orchestrated", "choreographed")
	return cmd
}

// checkAPI returns why an API with a valid configuration would not start.
func checkAPI(c *config.Config, _ []string) error {
	if c.TLS.Cert != "" {
		if _, err := openCertificate(c, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
	}
	if c.Legacy.File != "" {
		content, err := os.ReadFile(c.Legacy.File)
		if err == nil {
			_, err = route.Read(content)
		}
		if err != nil {
			return fmt.Errorf("legacy.file: %s: %w", c.Legacy.File, err)
		}
	}
	switch {
	case peers.Configured(c):
		return cli.CheckAccess(c, []string{identity.Gateway})
	case !c.Guests():
		return errNoAccounts
	default:
		return nil
	}
}

// runAPI serves until ctx ends. It is not ready while the engine is unreachable,
// and fails on an engine without the namespace.
func runAPI(ctx context.Context, std cli.Stdio, c *config.Config, unread cli.Unread) (err error) {
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, metrics, err := std.Observe(ctx, parts, c, "info")
	if err != nil {
		return err
	}
	unread.Log(log)
	client, err := std.Dial(c, log, metrics)
	if err != nil {
		return err
	}
	parts.Start(ctx, process.Closer("client", func() error { client.Close(); return nil }))
	neighbours, others, err := reachNeighbours(ctx, parts, c, log, metrics)
	if err != nil {
		return err
	}
	server, err := NewAPI(ctx, c, client, log, metrics, neighbours...)
	if err != nil {
		return err
	}
	public, err := process.Listen(ctx, "http_addr", c.HTTPAddr)
	if err != nil {
		return err
	}
	served, err := HTTPServer(ctx, parts, c, server, log)
	if err != nil {
		return err
	}
	parts.Start(ctx, process.HTTP("api", public, served, c.DrainTimeout))
	if others != nil {
		if err := others.Announce(ctx, parts, public); err != nil {
			return err
		}
	}
	private, err := process.Listen(ctx, "admin_addr", c.AdminAddr)
	if err != nil {
		return err
	}
	clock, err := watchClock(ctx, parts, client, metrics, log)
	if err != nil {
		return err
	}
	messages, err := Messages(ctx, parts, others)
	if err != nil {
		return err
	}
	admin := NewAdmin(c, api.Admin{ //nolint:contextcheck // a request has its own
		Probe: Readiness(server.Ready, others, clock), Repairs: server, Messages: messages,
		Doctor: reports.Doctor{Client: client.Client, Config: c}, Instances: Instances(others), Console: Console(ctx, server, "", nil, log),
	}, metrics, log)
	parts.Start(ctx, process.HTTP("admin", private, admin, c.DrainTimeout))

	if err := client.Wait(ctx, func(err error) { log.Warn("waiting", "for", err) }); err != nil && ctx.Err() == nil {
		return err
	}
	if ctx.Err() == nil {
		log.Info("serving", "api", URL(public, c), "admin", process.URL(private))
	}
	<-ctx.Done()
	log.Info("draining", "timeout", c.DrainTimeout)
	return parts.Err()
}

// errNoAccounts refuses an API that could serve nobody.
var errNoAccounts = errors.New("auth: is required, but the user service cannot be asked: set broker.url or services.user.target, or let guests order (auth: optional)")

// reachNeighbours returns the services that the API asks, none if it is not configured
// where they are.
func reachNeighbours(ctx context.Context, parts *process.Parts, c *config.Config, log *slog.Logger, metrics *telemetry.Metrics) ([]api.Option, *peers.Peers, error) {
	if !peers.Configured(c) {
		if !c.Guests() {
			return nil, nil, errNoAccounts
		}
		return nil, nil, nil
	}
	p, err := peers.Reach(ctx, parts, peers.Options{Config: c, Names: []string{identity.Gateway}, Logger: log, Metrics: metrics})
	if err != nil {
		return nil, nil, err
	}
	neighbours, err := Neighbours(ctx, parts, p, log)
	return neighbours, p, err
}
