// Package temporalpostgres has the command `amends temporal-postgres`, which runs
// the engine that production uses, without containers, on a developer's machine.
package temporalpostgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/process"
)

// Command returns `amends temporal-postgres`. It is hidden: it needs
// binaries that only `make temporal-postgres` builds.
func Command(std cli.Stdio) *cobra.Command {
	var o options
	var namespace string
	cmd := &cobra.Command{
		Use:   "temporal-postgres",
		Short: "Run the Temporal server on a PostgreSQL of its own, without containers",
		Long: "Run the Temporal server on a PostgreSQL of its own, configured like docker-compose.temporal.yml, on\n" +
			"127.0.0.1 and in the foreground. `make temporal-postgres` builds the binaries. A second start continues\n" +
			"with the stored state; two run side by side on folders and ports of their own.",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.Load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			return run(cmd.Context(), std, c, o, namespace)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "data-dir", "", "folder of the state (.amends-temporal; below /var/lib if user postgres cannot enter the working folder)")
	cmd.Flags().IntVar(&o.Port, "port", 7233, "port of the engine; 0 is the port of the last start, or any free one")
	cmd.Flags().IntVar(&o.PostgresPort, "postgres-port", 0, "port of its PostgreSQL; 0 is any free one")
	cmd.Flags().StringVar(&namespace, "namespace", "default", "namespace to create")
	cmd.Flags().StringVar(&o.Binaries, "binaries", "", "folder of temporal-server and temporal-sql-tool (that of amends)")
	cmd.Flags().BoolVar(&o.Durable, "durable", false, "make commits survive a power cut, and slower; otherwise they survive the death of any process")
	return cmd
}

// run runs the engine until asked ends or a part of it fails.
func run(asked context.Context, std cli.Stdio, c *config.Config, o options, namespace string) (err error) {
	began := time.Now()
	ctx, parts := process.New(asked)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	if o.Logger, _, err = std.Observe(ctx, parts, c, "warn"); err != nil {
		return err
	}
	engine, err := startCluster(ctx, o)
	if err == nil {
		parts.Start(ctx, process.Part{Name: "engine", Run: func(ctx context.Context) error {
			return errors.Join(engine.wait(ctx), engine.stop())
		}})
		err = register(ctx, engine.Address, namespace, o)
	}
	switch {
	case parts.Err() != nil:
		return parts.Err()
	case asked.Err() != nil:
		return nil // stopped while it started
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(std.Out, `Temporal %s on PostgreSQL is ready (%.1f s)

  Engine    %s, namespace %s
  Database  postgres://%s@127.0.0.1:%d/temporal, its password is in %s

The platform on it, in another terminal:

  bin/amends dev --temporal-address %s --data-dir .amends-postgres

Ctrl-C stops everything. What was stored stays in %s.
`, temporalserver.Version, time.Since(began).Seconds(), engine.Address, namespace,
		postgres.Superuser, engine.PostgresPort, engine.PasswordFile, engine.Address, engine.Dir)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return parts.Err()
}

// register creates the namespace and the search attributes.
func register(ctx context.Context, address, name string, o options) error {
	client, err := engine.Dial(engine.Options{Address: address, Namespace: name, Isolated: true, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer client.Close()
	return namespace.Register(ctx, client, attribute.All, nil)
}
