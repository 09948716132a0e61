package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/proof/bench/measure"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// Engines that orders can run on.
const (
	onPostgres = "postgres" // the Temporal server on PostgreSQL
	onDev      = "dev"      // the dev server
)

// names are the engines' names in tables.
var names = map[string]string{onPostgres: "Temporal on PostgreSQL", onDev: "Temporal dev server"}

// options are the flags of every command.
type options struct {
	bin        string
	write      string
	fsync      bool
	profile    string
	seed       uint64
	settle     time.Duration
	alone      bool               // without the floor
	doctor     bool               // the doctor runs by itself
	everything bool               // one process with every service, each with a database
	trace      bool               // count the engine's questions to its database
	without    func(*rig.Options) // changes the rig; nil does not
}

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.bin, "bin", "bin", "folder of amends, temporal, temporal-server and temporal-sql-tool")
	f.StringVar(&o.write, "write", "", "page to write the results to; none if empty")
	f.BoolVar(&o.fsync, "fsync", true, "have both PostgreSQL servers wait for the disk at every commit, as they come")
	f.Uint64Var(&o.seed, "seed", 1, "what the orders are drawn from")
	f.DurationVar(&o.settle, "settle", measure.StatisticsDelay, "how long everything idles before counters are read; PostgreSQL's are exact only with the default")
}

// pacing is the length of a contender's measurement.
type pacing struct {
	rounds   int
	duration time.Duration
	warm     time.Duration
}

func (p *pacing) flags(f *pflag.FlagSet, duration time.Duration) {
	f.IntVar(&p.rounds, "rounds", 3, "how many rounds of each")
	f.DurationVar(&p.duration, "duration", duration, "how long a round places orders")
	f.DurationVar(&p.warm, "warm", 3*time.Second, "how long each contender runs before anything counts")
}

// publish prints a text with tables, and writes it into its section of the page,
// if there is a page.
func (o *options) publish(out io.Writer, s report.Section, text func(table func(*report.Table) string) string) error {
	if _, err := io.WriteString(out, text((*report.Table).String)); err != nil {
		return err
	}
	if o.write == "" {
		return nil
	}
	return report.Write(o.write, s, text((*report.Table).Markdown))
}

// start starts a rig on an engine in a folder of its own, which the stop removes.
func (o *options) start(ctx context.Context, engine string) (*rig.Rig, func() error, error) {
	settings, err := o.rig(ctx, engine)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "amends-bench-")
	if err != nil {
		return nil, nil, err
	}
	// If we are root, PostgreSQL's user must be able to reach its data.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	settings.Dir = dir
	if o.without != nil {
		o.without(&settings)
	}
	r, err := rig.Start(ctx, settings)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return r, func() error { return errors.Join(r.Stop(), os.RemoveAll(dir)) }, nil
}

func (o *options) rig(ctx context.Context, engine string) (rig.Options, error) {
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return rig.Options{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return rig.Options{}, err
	}
	settings := rig.Options{Platform: rig.Platform{Amends: filepath.Join(bin, "amends"), Layout: rig.Joined}, Self: self, Safety: postgres.Death, Profile: o.profile != "", Alone: o.alone, Doctor: o.doctor, Trace: o.trace}
	if o.everything {
		settings.Everything, settings.Platform.Layout = true, rig.Together
	}
	if o.fsync {
		settings.Safety = postgres.PowerLoss
	}
	switch engine {
	case onPostgres:
		binaries, err := temporalserver.Find(bin)
		if err != nil {
			return rig.Options{}, err
		}
		settings.Server = &binaries
	case onDev:
		if settings.CLI, err = temporal.Find(ctx, filepath.Join(bin, "temporal")); err != nil {
			return rig.Options{}, err
		}
	default:
		return rig.Options{}, fmt.Errorf("there is no engine %q, only %s and %s", engine, onPostgres, onDev)
	}
	if _, err := os.Stat(settings.Platform.Amends); err != nil {
		return rig.Options{}, fmt.Errorf("amends is not built: %w", err)
	}
	return settings, nil
}
