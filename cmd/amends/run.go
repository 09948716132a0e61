package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker"
)

// stdio is what a process has: tests give their own.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}

// Keys that several commands have as flags. DSNs are not among them: a command
// line can be read by everybody on the machine.
var (
	engineKeys = []string{"temporal.address", "temporal.namespace", "temporal.profile"}
	devKeys    = []string{
		"data_dir", "http_addr", "admin_addr", "temporal_port", "ui_port", "temporal_bin", "temporal.address", "temporal.namespace",
		"database_url", "durable",
	}
	// whereKeys find the databases of `amends dev` again.
	whereKeys = []string{"data_dir", "database_url"}
)

// run runs one command until it is done or ctx ends. Its error has one line per
// problem.
func run(ctx context.Context, args []string, std stdio) error {
	root := &cobra.Command{
		Use:           "amends",
		Short:         "A saga platform: orders that end confirmed, or as if they had never been",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.PersistentFlags().String("config", "", "file of settings, YAML (AMENDS_CONFIG)")
	config.AddFlags(root.PersistentFlags(), "log.level", "log.format")
	root.AddCommand(commands(std)...) //nolint:contextcheck // a command gets its context when it runs
	return root.ExecuteContext(ctx)
}

func commands(std stdio) []*cobra.Command {
	return []*cobra.Command{
		devCommand(std), apiCommand(std), workerCommand(std), migrateCommand(std),
		stockCommand(std), catalogCommand(std), orderCommand(std), ordersCommand(std), repairCommand(std), doctorCommand(std), replayCommand(std), loadCommand(std), temporalPostgresCommand(std), versionCommand(std),
	}
}

// load reads the configuration that cmd runs with.
func (std stdio) load(cmd *cobra.Command, needs config.Needs) (*config.Config, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	c, err := config.Load(setting.Source{File: file, Environ: std.environ, Flags: cmd.Flags()}, needs, sections()...)
	return &c, err
}

// sections returns the sections of the configuration: one for each service.
func sections() (all []config.Section) {
	for _, d := range worker.Declarations() {
		all = append(all, config.Section(d))
	}
	return all
}

// observe returns where a process logs and measures. The level is used if none
// is configured. The caller closes the metrics.
func (std stdio) observe(c *config.Config, level string) (*slog.Logger, *telemetry.Metrics, error) {
	if c.Log.Level != "" {
		level = c.Log.Level
	}
	log, err := telemetry.NewLogger(std.err, level, c.Log.Format)
	if err != nil {
		return nil, nil, err
	}
	metrics, err := telemetry.NewMetrics(log)
	return log, metrics, err
}
