// Package dev has the command `amends dev`, which runs the whole platform in one
// process on a developer's machine.
package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/process"
)

// Limits for the parts of `amends dev` to drain: together less than 15 s.
const (
	drainHTTP    = 2 * time.Second
	drainWorkers = 6 * time.Second
)

// Command returns `amends dev`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything in one process, with a Temporal dev server and demo data",
		Long: "Run everything in one process, with demo data. The engine is a Temporal dev server that the command\n" +
			"starts, or, with --temporal-address, another engine on this machine, such as `make temporal-postgres`.",
		Args: cobra.NoArgs,
	}
	std.Runs(cmd, cli.Process{
		Needs: cli.Needing(config.Needs{Dev: true}),
		Run: func(ctx context.Context, c *config.Config, _ []string) error {
			return run(ctx, std, cmd, c)
		},
	})
	config.AddFlags(
		cmd.Flags(),
		"data_dir", "http_addr", "admin_addr", "rpc.listen", "temporal_port", "ui_port", "temporal_bin", "temporal.address", "temporal.namespace",
		"database_url", "durable", "installation", "broker.url", "http.hosts", "auth", "shop", "tls.cert", "tls.key", "tls.self_signed", "insecure_http", "legacy.file",
		"smtp_url", "mail_from", "public_url", "saga.style",
	)
	cli.Choices(cmd, "auth", "required", "optional")
	cli.Choices(cmd, "saga-style", "orchestrated", "choreographed")
	return cmd
}

// run runs the platform until asked ends or a part of it fails.
func run(asked context.Context, std cli.Stdio, cmd *cobra.Command, c *config.Config) (err error) {
	began := time.Now()
	c.DrainTimeout = min(c.DrainTimeout, drainWorkers)
	c.LetGuestsIn()
	ctx, parts := process.New(asked)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	p := &platform{c: c, environ: std.Environ, file: cmd.Flag("config").Value.String(), program: cmp.Or(std.Program, "amends"), parts: parts}
	if p.log, p.metrics, err = std.Observe(ctx, parts, c, "warn"); err != nil {
		return err
	}
	std.Unread(cmd, config.ProcessDev).Log(p.log)
	switch err := p.start(ctx); {
	case parts.Err() != nil:
		return parts.Err()
	case asked.Err() != nil:
		return nil // stopped while it started
	case err != nil:
		return err
	}
	if err := p.banner(std.Out, time.Since(began)); err != nil {
		return err
	}
	<-ctx.Done()
	_, err = fmt.Fprintln(std.Out, "\nstopping: running work may finish …")
	return errors.Join(parts.Err(), err)
}
