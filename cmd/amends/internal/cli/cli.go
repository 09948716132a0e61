// Package cli holds the pieces that all commands of amends share: the streams and
// the environment of a process, its configuration, and how a command connects to
// the engine and to the databases.
package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker/registry"
)

// Stdio bundles the streams and the environment of a process so that tests can
// replace them.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
	Environ  []string // NAME=value, as [os.Environ] returns it
	// Program is how the process was called, for commands in its output; "": amends.
	Program string
}

// Load reads the configuration that cmd runs with: defaults, file, environment and
// flags. Its error has a line for each problem.
func (std Stdio) Load(cmd *cobra.Command, needs config.Needs) (*config.Config, error) {
	c, err := config.Load(std.source(cmd), needs, Sections()...)
	return &c, err
}

// source has the values of the configuration of cmd.
func (std Stdio) source(cmd *cobra.Command) setting.Source {
	return setting.Source{File: cmd.Flag("config").Value.String(), Environ: std.Environ, Flags: cmd.Flags()}
}

// Sections returns the sections of the configuration, one for each service.
func Sections() (all []service.Section) {
	for _, d := range registry.Declarations() {
		all = append(all, service.Section(d))
	}
	return all
}

// Observe returns the logger and the metrics of a process, and exports its traces if
// the environment asks for them. level applies if none is configured. The metrics close
// when parts stop.
func (std Stdio) Observe(ctx context.Context, parts *process.Parts, c *config.Config, level string) (*slog.Logger, *telemetry.Metrics, error) {
	if c.Log.Level != "" {
		level = c.Log.Level
	}
	log, err := telemetry.NewLogger(std.Err, level, c.Log.Format)
	if err != nil {
		return nil, nil, err
	}
	metrics, err := telemetry.NewMetrics(log)
	if err != nil {
		return nil, nil, err
	}
	parts.Start(ctx, process.Closer("metrics", func() error { return metrics.Close(context.WithoutCancel(ctx)) }))
	return log, metrics, metrics.Trace(ctx, std.Environ, log)
}

// Dial returns a client of the configured engine, which need not be reachable yet.
// log and metrics may be nil. The caller closes the client.
func (std Stdio) Dial(c *config.Config, log *slog.Logger, metrics *telemetry.Metrics) (*engine.Client, error) {
	o := c.Temporal.Options(std.Environ)
	o.Logger, o.Codec = log, c.Payloads()
	if metrics != nil {
		o.Metrics, o.Traced = metrics.Temporal(), metrics.Traced()
	}
	return engine.Dial(o)
}
