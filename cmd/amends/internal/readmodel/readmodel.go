// Package readmodel has the commands of operators about the read model: `amends query`.
package readmodel

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/rebuild"
	"github.com/amends/amends/worker/registry"
)

// service is the one that keeps the read model.
const service = "query"

// whereabouts tells in the help of a command how it reaches the services.
const whereabouts = "\n\nThe command opens the database of the read model: its DSN is set, or --data-dir or --database-url names\n" +
	"an `amends dev`. The services that own the rows are asked as the caller operator, unless their databases\n" +
	"are given in the same way."

// Command returns `amends query`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("query", "The read model of orders and products")
	cmd.AddCommand(rebuildCommand(std), drop(std))
	return cmd
}

// rebuildCommand returns `amends query rebuild`.
func rebuildCommand(std cli.Stdio) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the read model anew from the rows of the services, while it answers",
		Long: "Make the read model anew from the rows of the services, while it answers: a second generation is loaded,\n" +
			"follows facts meanwhile, and answers from one moment on. The one before is kept until `amends query drop`.\n" +
			"A rebuild that was interrupted goes on.\n\n" +
			"With --verify nothing is switched: the command lists everything that a rebuild would change, and fails if\n" +
			"that is not nothing." + whereabouts,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(std, cmd, func(ctx context.Context, r *rebuild.Rebuild) error {
				if verify {
					return compare(ctx, std, r)
				}
				generation, err := r.Run(ctx)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(std.Out, "generation %d of the read model answers from now on\n", generation)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "list what a rebuild would change, and fail if that is not nothing")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// compare lists what a rebuild would change.
func compare(ctx context.Context, std cli.Stdio, r *rebuild.Rebuild) error {
	differ, err := r.Verify(ctx)
	if err != nil {
		return err
	}
	for _, d := range differ {
		if _, err := fmt.Fprintln(std.Out, d); err != nil {
			return fmt.Errorf("print the differences: %w", err)
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("the read model differs from the rows of the services in %d places: `amends query rebuild` makes it anew", len(differ))
	}
	_, err = fmt.Fprintln(std.Out, "the read model has what the rows of the services imply")
	return err
}

// drop returns `amends query drop`.
func drop(std cli.Stdio) *cobra.Command {
	var unfinished bool
	cmd := &cobra.Command{
		Use:   "drop",
		Short: "Remove the generation of the read model from before the last rebuild",
		Long:  "Remove the generation of the read model from before the last rebuild." + whereabouts,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(std, cmd, func(ctx context.Context, r *rebuild.Rebuild) error { return r.Drop(ctx, unfinished) })
		},
	}
	cmd.Flags().BoolVar(&unfinished, "unfinished", false, "also the one that a rebuild, which ends by it, is loading")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// with calls f with a rebuild.
func with(std cli.Stdio, cmd *cobra.Command, f func(context.Context, *rebuild.Rebuild) error) (err error) {
	c, err := std.Load(cmd, config.Needs{})
	if err != nil {
		return err
	}
	opened := []string{service}
	remote := false
	for _, row := range registry.All {
		switch {
		case row.Implied == nil:
		case reach.Opens(cmd, c, row.Name):
			opened = append(opened, row.Name)
		default:
			remote = true
		}
	}
	o, err := dsn.Tool(std, cmd, opened...)
	if err != nil {
		return err
	}
	ctx, parts := process.New(cmd.Context())
	defer func() { err = errors.Join(err, parts.Stop()) }()
	var ask registry.Ask
	if remote {
		log, metrics, err := std.Observe(ctx, parts, c, "warn")
		if err != nil {
			return err
		}
		others, err := peers.Reach(ctx, parts, peers.Options{Config: c, Names: []string{identity.Operator}, Logger: log, Metrics: metrics})
		if err != nil {
			return err
		}
		ask = func(_, owner string) (grpc.ClientConnInterface, error) {
			return others.Dial(ctx, parts, identity.Operator, owner)
		}
	}
	return worker.With(ctx, o, service, func(s *registry.Stores) error {
		if err := s.Prepare(ask); err != nil {
			return err
		}
		return withOwners(ctx, o, opened[1:], nil, func(here []*registry.Stores) error { return f(ctx, s.Rebuild(s.Owners(here))) })
	})
}

// withOwners opens the databases of some services for f, beside those of here.
func withOwners(ctx context.Context, o worker.Options, names []string, here []*registry.Stores, f func([]*registry.Stores) error) error {
	if len(names) == 0 {
		return f(here)
	}
	return worker.With(ctx, o, names[0], func(s *registry.Stores) error {
		return withOwners(ctx, o, names[1:], append(here, s), f)
	})
}
