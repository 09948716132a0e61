// Package migrate has the command `amends migrate`, which prepares the databases
// and the engine for the other processes.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// engineTarget is the name of the engine as a target of `amends migrate`.
const engineTarget = "temporal"

// Command returns `amends migrate`.
func Command(std cli.Stdio) *cobra.Command {
	var all bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "migrate SERVICE…|--all|temporal",
		Short: "Migrate databases; register the namespace and the search attributes",
		Long: "Migrate the databases of services to their newest versions, and mark each as that of its service and of\n" +
			"the installation. A database of another service or installation is refused, and so is one with tables of\n" +
			"another origin, or whose text is not UTF-8. The target temporal registers the namespace and the search\n" +
			"attributes in the engine. A repeat changes nothing.",
		Args:      cobra.OnlyValidArgs,
		ValidArgs: append(registry.Names(), engineTarget),
	}
	needs := func(targets []string) (config.Needs, error) { return needed(targets, all) }
	std.Runs(cmd, cli.Process{
		Needs: needs,
		Run: func(ctx context.Context, c *config.Config, targets []string) error {
			n, err := needs(targets)
			if err != nil {
				return err
			}
			return migrate(ctx, cmd, std, c, n, wait)
		},
	})
	cmd.Flags().BoolVar(&all, "all", false, "every service")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for a database or an engine that is not reachable yet")
	config.AddFlags(cmd.Flags(), "installation")
	cli.AddEngineFlags(cmd)
	return cmd
}

// needed returns the databases that are migrated, and whether the engine is.
func needed(targets []string, all bool) (config.Needs, error) {
	if all == (len(targets) > 0) {
		return config.Needs{}, errors.New("migrate: name services, or temporal, or give --all for every service")
	}
	services := slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return t == engineTarget })
	if all {
		services = registry.Names()
	}
	return config.Needs{Services: services, Temporal: len(services) < len(targets)}, nil
}

func migrate(ctx context.Context, cmd *cobra.Command, std cli.Stdio, c *config.Config, n config.Needs, wait time.Duration) (err error) {
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, _, err := std.Observe(ctx, parts, c, "info")
	if err != nil {
		return err
	}
	std.Unread(cmd, config.ProcessMigrate, n.Services...).Log(log)
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("gave up after %s", wait))
	defer cancel()
	if len(n.Services) > 0 {
		if err := worker.Migrate(ctx, cli.WorkerOptions(c, n.Services, log)); err != nil {
			return err
		}
	}
	for _, name := range n.Services {
		fmt.Fprintf(std.Out, "%s: at the newest version\n", name)
	}
	if !n.Temporal {
		return nil
	}
	client, err := std.Dial(c, log, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := namespace.Register(ctx, client, attribute.All, func(err error) { log.Warn("waiting", "for", err) }); err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "temporal: namespace %s has its search attributes\n", client.Namespace)
	return nil
}
