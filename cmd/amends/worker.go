package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/worker"
)

func workerCommand(std stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "worker SERVICE…",
		Short: "Run services; the order service's worker also runs the saga",
		Long: "Run services, each with its own database only: " + strings.Join(worker.Names(), ", ") + ".\n" +
			"Configure their DSNs by file or environment, for example AMENDS_SERVICES_ORDER_DSN; the\n" +
			"simulated outside of two of them has AMENDS_SERVICES_PAYMENT_PROVIDER_DSN and\n" +
			"AMENDS_SERVICES_SHIPPING_CARRIER_DSN.",
		Args:      services,
		ValidArgs: worker.Names(),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := std.load(cmd, config.Needs{Services: names, Temporal: true})
			if err != nil {
				return err
			}
			return std.runWorker(cmd.Context(), c, names)
		},
	}
	config.AddFlags(cmd.Flags(), append([]string{"admin_addr", "worker.min_pollers", "worker.max_pollers", "worker.workflow_cache"}, engineKeys...)...)
	return cmd
}

// services accepts the names of services only.
func services(_ *cobra.Command, names []string) error {
	known := "; the services are " + strings.Join(worker.Names(), ", ")
	if len(names) == 0 {
		return errors.New("worker: name the services to run" + known)
	}
	for _, name := range names {
		if !slices.Contains(worker.Names(), name) {
			return fmt.Errorf("worker: there is no service %q%s", name, known)
		}
	}
	return nil
}

// runWorker runs the services until ctx ends, then drains them.
func (std stdio) runWorker(ctx context.Context, c *config.Config, names []string) (err error) {
	log, metrics, err := std.observe(c, "info")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close(context.WithoutCancel(ctx))) }()
	client, err := std.dial(c, log, metrics)
	if err != nil {
		return err
	}
	defer client.Close()
	o := workerOptions(c, names, log)
	o.Metrics = metrics
	group, err := worker.New(o)
	if err != nil {
		return err
	}
	private, err := listen(ctx, "admin_addr", c.AdminAddr)
	if err != nil {
		return err
	}
	admin := serve(private, newAdmin(c, nil, metrics, group.Ready, log))
	defer func() { admin.stop(ctx, c.DrainTimeout) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- group.Run(ctx, client) }()
	select {
	case err := <-done:
		return err
	case err := <-admin.failed:
		cancel()
		return errors.Join(err, <-done)
	}
}
