package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/worker"
)

func workerCommand(std stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:       "worker SERVICE…",
		Short:     "Run services; the order service's worker also runs the saga",
		Long:      "Run services, each with its own database only. Configure their DSNs by file or environment,\nfor example AMENDS_SERVICES_ORDER_DSN.",
		Args:      cobra.MatchAll(cobra.MinimumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: worker.Names(),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := std.load(cmd, config.Needs{Services: names, Temporal: true})
			if err != nil {
				return err
			}
			return std.runWorker(cmd.Context(), c, names)
		},
	}
	config.AddFlags(cmd.Flags(), append([]string{"admin_addr"}, engineKeys...)...)
	return cmd
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
	group, err := worker.New(workerOptions(c, names, log))
	if err != nil {
		return err
	}
	private, err := listen(ctx, "admin_addr", c.AdminAddr)
	if err != nil {
		return err
	}
	admin := serve(private, newAdmin(c, metrics, group.Ready, log)) //nolint:contextcheck // a probe has its request's context
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
