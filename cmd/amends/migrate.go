package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/worker"
)

// engineTarget is what `amends migrate` calls the engine.
const engineTarget = "temporal"

func migrateCommand(std stdio) *cobra.Command {
	var all bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:       "migrate SERVICE…|--all|temporal",
		Short:     "Bring databases to their newest versions; register namespace and search attributes",
		Long:      "Bring the databases of services to their newest versions. The target temporal registers the\nnamespace and the search attributes in the engine. A repeat changes nothing.",
		Args:      cobra.OnlyValidArgs,
		ValidArgs: append(worker.Names(), engineTarget),
		RunE: func(cmd *cobra.Command, targets []string) error {
			if all == (len(targets) > 0) {
				return errors.New("migrate: name services, or temporal, or give --all for every service")
			}
			services := slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return t == engineTarget })
			if all {
				services = worker.Names()
			}
			return std.migrate(cmd, services, len(services) < len(targets), wait)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every service")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for what is not reachable yet")
	config.AddFlags(cmd.Flags(), engineKeys...)
	return cmd
}

func (std stdio) migrate(cmd *cobra.Command, services []string, engine bool, wait time.Duration) (err error) {
	c, err := std.load(cmd, config.Needs{Services: services, Temporal: engine})
	if err != nil {
		return err
	}
	log, metrics, err := std.observe(c, "info")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close(cmd.Context())) }()
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), wait, fmt.Errorf("gave up after %s", wait))
	defer cancel()
	if len(services) > 0 {
		if err := worker.Migrate(ctx, workerOptions(c, services, log)); err != nil {
			return err
		}
	}
	for _, name := range services {
		fmt.Fprintf(std.out, "%s: at the newest version\n", name)
	}
	if !engine {
		return nil
	}
	client, err := std.dial(c, log, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Register(ctx, orders.Attributes, func(err error) { log.Warn("waiting", "for", err) }); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "temporal: namespace %s has its search attributes\n", client.Namespace)
	return nil
}
