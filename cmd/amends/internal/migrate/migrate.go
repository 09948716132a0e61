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
		RunE: func(cmd *cobra.Command, targets []string) error {
			if all == (len(targets) > 0) {
				return errors.New("migrate: name services, or temporal, or give --all for every service")
			}
			services := slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return t == engineTarget })
			if all {
				services = registry.Names()
			}
			return migrate(cmd, std, services, len(services) < len(targets), wait)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every service")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for a database or an engine that is not reachable yet")
	config.AddFlags(cmd.Flags(), "installation")
	cli.AddEngineFlags(cmd)
	return cmd
}

func migrate(cmd *cobra.Command, std cli.Stdio, services []string, engine bool, wait time.Duration) (err error) {
	c, err := std.Load(cmd, config.Needs{Services: services, Temporal: engine})
	if err != nil {
		return err
	}
	ctx, parts := process.New(cmd.Context())
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, _, err := std.Observe(ctx, parts, c, "info")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("gave up after %s", wait))
	defer cancel()
	if len(services) > 0 {
		if err := worker.Migrate(ctx, cli.WorkerOptions(c, services, log)); err != nil {
			return err
		}
	}
	for _, name := range services {
		fmt.Fprintf(std.Out, "%s: at the newest version\n", name)
	}
	if !engine {
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
