package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/broker"
	"github.com/amends/amends/cmd/amends/internal/certs"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dev"
	"github.com/amends/amends/cmd/amends/internal/doctor"
	"github.com/amends/amends/cmd/amends/internal/events"
	"github.com/amends/amends/cmd/amends/internal/legacy"
	"github.com/amends/amends/cmd/amends/internal/load"
	"github.com/amends/amends/cmd/amends/internal/mails"
	"github.com/amends/amends/cmd/amends/internal/messages"
	"github.com/amends/amends/cmd/amends/internal/migrate"
	"github.com/amends/amends/cmd/amends/internal/orders"
	"github.com/amends/amends/cmd/amends/internal/readiness"
	"github.com/amends/amends/cmd/amends/internal/readmodel"
	"github.com/amends/amends/cmd/amends/internal/repair"
	"github.com/amends/amends/cmd/amends/internal/replay"
	"github.com/amends/amends/cmd/amends/internal/sagas"
	"github.com/amends/amends/cmd/amends/internal/serve"
	"github.com/amends/amends/cmd/amends/internal/services"
	"github.com/amends/amends/cmd/amends/internal/strangle"
	"github.com/amends/amends/cmd/amends/internal/supply"
	"github.com/amends/amends/cmd/amends/internal/temporalpostgres"
	"github.com/amends/amends/cmd/amends/internal/users"
	"github.com/amends/amends/cmd/amends/internal/versions"
	"github.com/amends/amends/internal/config"
)

// run runs the command that args name until it is done or ctx ends. Its error has
// a line for each problem; one of the command line ends with where its help is.
func run(ctx context.Context, args []string, std cli.Stdio) error {
	root := cli.Group("amends", "A saga platform: orders end confirmed, or as if they had never been placed")
	root.SilenceUsage, root.SilenceErrors = true, true
	root.Version = version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(cli.FlagError)
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.PersistentFlags().String("config", "", "file of settings, YAML (AMENDS_CONFIG)")
	config.AddFlags(root.PersistentFlags(), "log.level", "log.format")
	cli.Choices(root, "log-level", "debug", "info", "warn", "error")
	cli.Choices(root, "log-format", "text", "json")
	cli.AddColor(root)
	std.FitHelp(root)
	understood := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups(), cli.CheckColor(cmd))
		understood = err == nil
		return err
	}
	root.AddCommand(commands(std)...) //nolint:contextcheck // a command gets its context when it runs
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !understood {
		return cli.Mistaken(cmd, err)
	}
	return err
}

func commands(std cli.Stdio) []*cobra.Command {
	return []*cobra.Command{
		dev.Command(std), temporalpostgres.Command(std), broker.Command(std),
		serve.API(std), serve.Worker(std), migrate.Command(std), readiness.Command(std),
		orders.Order(std), orders.Orders(std), repair.Command(std), sagas.Command(std), legacyCommand(std), supply.Stock(std), supply.Catalog(std), supply.Seed(std), users.Command(std),
		messages.Command(std), mails.Command(std), readmodel.Command(std),
		events.Command(std), doctor.Command(std), services.Command(std), certs.Command(std), replay.Command(std), versions.Command(std), load.Command(std),
		versionCommand(std),
	}
}

// legacyCommand returns `amends legacy`: the routes, and the data behind them.
func legacyCommand(std cli.Stdio) *cobra.Command {
	cmd := legacy.Command(std)
	cmd.AddCommand(strangle.Commands(std)...)
	return cmd
}
