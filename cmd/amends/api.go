package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/config"
)

func apiCommand(std stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api",
		Short: "Serve the HTTP API; it needs the engine and no database",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.load(cmd, config.Needs{Temporal: true})
			if err != nil {
				return err
			}
			return std.serveAPI(cmd.Context(), c)
		},
	}
	config.AddFlags(cmd.Flags(), append([]string{"http_addr", "admin_addr"}, engineKeys...)...)
	return cmd
}

// serveAPI serves until ctx ends. An engine that is not there yet makes it
// unready; one without the namespace ends it.
func (std stdio) serveAPI(ctx context.Context, c *config.Config) (err error) {
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
	server, err := newAPI(c, client, log, metrics)
	if err != nil {
		return err
	}
	public, err := listen(ctx, "http_addr", c.HTTPAddr)
	if err != nil {
		return err
	}
	orders := serve(public, api.HTTPServer(c.HTTPAddr, server))
	defer func() { orders.stop(ctx, c.DrainTimeout) }()
	private, err := listen(ctx, "admin_addr", c.AdminAddr)
	if err != nil {
		return err
	}
	admin := serve(private, newAdmin(c, server, metrics, server.Ready, log))
	defer func() { admin.stop(ctx, c.DrainTimeout) }()

	ready := make(chan error, 1)
	go func() {
		ready <- client.Wait(ctx, func(err error) { log.Warn("waiting", "for", err) })
	}()
	for {
		select {
		case err := <-ready:
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			log.Info("serving", "api", orders.url(), "admin", admin.url())
		case err := <-orders.failed:
			return err
		case err := <-admin.failed:
			return err
		case <-ctx.Done():
			log.Info("draining", "timeout", c.DrainTimeout)
			return nil
		}
	}
}
