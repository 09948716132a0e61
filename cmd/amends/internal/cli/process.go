package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/amends/amends/internal/config"
)

// Process is a command that runs until it is stopped, or prepares what such a command
// needs.
type Process struct {
	// Needs returns the settings that the process cannot start without.
	Needs func(args []string) (config.Needs, error)
	// Check returns what the process would refuse at its start although every setting
	// is valid by itself: files that cannot be used, and settings that do not go
	// together. It opens no connection. Nil: there is no such thing.
	Check func(c *config.Config, args []string) error
	Run   func(ctx context.Context, c *config.Config, args []string) error
}

// Runs has cmd load the configuration and run p. With --check-config it only checks the
// configuration.
func (std Stdio) Runs(cmd *cobra.Command, p Process) {
	only := cmd.Flags().Bool("check-config", false, "check the configuration and the files that it names, and exit")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		needs, err := p.Needs(args)
		if err != nil {
			return err
		}
		c, err := std.Load(cmd, needs)
		if err != nil {
			return err
		}
		if !*only {
			return p.Run(cmd.Context(), c, args)
		}
		if p.Check != nil {
			if err := p.Check(c, args); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(std.Out, "%s: the configuration is valid\n", cmd.Name())
		return err
	}
}

// Needing returns the needs of a process that has the same with any arguments.
func Needing(n config.Needs) func([]string) (config.Needs, error) {
	return func([]string) (config.Needs, error) { return n, nil }
}

// CheckAccess returns why a process could not answer and call under names: a certificate
// or a secret that is missing, or an address for calls at which callers could not prove
// who they are. It reads the files and opens no connection.
func CheckAccess(c *config.Config, names []string) error {
	a, _, err := Access(c, names, slog.New(slog.DiscardHandler), noop.NewMeterProvider())
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if c.RPC.Listen != "" {
		if err := a.CheckListener(c.RPC.Listen); err != nil {
			return fmt.Errorf("rpc.listen: %w", err)
		}
	}
	for _, name := range names {
		if _, err := a.Client(name, name); err != nil {
			return fmt.Errorf("identity: %w", err)
		}
	}
	return nil
}
