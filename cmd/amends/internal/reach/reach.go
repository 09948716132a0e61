// Package reach connects a command to the service that it calls: a running one, or its
// database.
package reach

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker"
)

// callTime bounds a call of a service.
const callTime = time.Minute

// Whereabouts tells in the help of a command how it reaches its service.
const Whereabouts = "\n\nThe command opens the database of the service if its DSN is set, if --data-dir or --database-url is given\n" +
	"(beside an `amends dev`), or if neither a broker nor the target of the service is configured. Otherwise it\n" +
	"calls the running service as the caller operator."

// Opens reports whether a command opens the database of a service itself, as Whereabouts
// tells. The settings of a platform's processes may be those of the command too, so a flag
// that names the folder of an `amends dev` overrides its broker.
func Opens(cmd *cobra.Command, c *config.Config, service string) bool {
	flags := cmd.Flags()
	return c.Services.HasDSN(service) || flags.Changed("data-dir") || flags.Changed("database-url") ||
		c.Broker.URL == "" && c.Services.Targets()[service] == ""
}

// Service opens the database of a service, which needs no process, or calls a process that
// runs it, as an operator; see [Opens].
func Service(std cli.Stdio, cmd *cobra.Command, service string, call func(context.Context, grpc.ClientConnInterface) error, open func(context.Context, worker.Options) error) (err error) {
	c, err := std.LoadTool(cmd, config.Needs{})
	if err != nil {
		return err
	}
	if Opens(cmd, c, service) {
		o, err := dsn.Tool(std, cmd, service)
		if err != nil {
			return err
		}
		return open(cmd.Context(), o)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), callTime)
	defer cancel()
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, metrics, err := std.Observe(ctx, parts, c, "warn")
	if err != nil {
		return err
	}
	others, err := peers.Reach(ctx, parts, peers.Options{Config: c, Names: []string{identity.Operator}, Logger: log, Metrics: metrics})
	if err != nil {
		return err
	}
	conn, err := others.Dial(ctx, parts, identity.Operator, service)
	if err != nil {
		return err
	}
	return call(ctx, conn)
}
