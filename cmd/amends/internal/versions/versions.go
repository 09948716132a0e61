// Package versions has the command `amends versions`, about the builds that run sagas.
package versions

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch/builds"
)

// within bounds the questions to the engine, and the replays.
const within = 5 * time.Minute

// Command returns `amends versions`.
func Command(std cli.Stdio) *cobra.Command {
	var (
		asJSON bool
		most   int
	)
	cmd := &cobra.Command{
		Use:   "versions",
		Short: "List the builds that run sagas, and say when an older one may go",
		Long: "List the builds of the program that poll task queues, or that have continued a running saga: which\n" +
			"queues they poll, and how many running sagas no later build has joined. Any build continues any saga. A\n" +
			"build may go when this one, which runs the command, polls all its queues, and every saga that this one\n" +
			"has not continued yet replays on it; the command tries that.\n\n" +
			"A worker that has stopped is listed as polling for up to 90 s. A build is its version, or worker.build.\n" +
			"Choreographed orders have no workflow: see `amends services`.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 1 {
				return errors.New("--most must be at least 1")
			}
			r, err := find(cmd, std, most)
			if err != nil {
				return err
			}
			if asJSON {
				return show.JSON(std.Out, r)
			}
			return write(std.Screen(cmd), r)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&most, "most", 1000, "how many sagas are replayed")
	cli.AddEngineFlags(cmd)
	config.AddFlags(cmd.Flags(), "data_dir", "worker.build")
	return cmd
}

// find asks the configured engine.
func find(cmd *cobra.Command, std cli.Stdio, most int) (builds.Report, error) {
	c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
	if err != nil {
		return builds.Report{}, err
	}
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return builds.Report{}, err
	}
	defer client.Close()
	ctx, stop := context.WithTimeout(cmd.Context(), within)
	defer stop()
	if err := client.Check(ctx); err != nil {
		return builds.Report{}, err
	}
	return builds.Find(ctx, builds.Config{Engine: client, Queues: queues(c), This: cli.Build(c), Most: most})
}

// queues returns the task queues of all services, and those of earlier releases.
func queues(c *config.Config) []string {
	all := slices.AppendSeq(slices.Collect(maps.Values(c.Services.Queues())), maps.Values(c.Services.Former()))
	slices.Sort(all)
	return all
}

func write(s show.Screen, r builds.Report) error {
	t := show.NewTable(show.Text("Build"), show.Number("Sagas"), show.Text("May go"), show.Prose("Why not"), show.Prose("Polls").Dispensable(1))
	for _, b := range r.Builds {
		verdict, why := "no", strings.Join(b.Blocks, "; ")
		switch {
		case b.MayGo:
			verdict = "yes"
		case b.Name == r.This:
			why = "this build"
		}
		t.Row(b.Name, b.Sagas, verdict, why, strings.Join(b.Polls, " "))
	}
	problems := []error{s.Tables(t)}
	if r.NotBegun > 0 {
		problems = append(problems, s.Note(strconv.Itoa(r.NotBegun)+" running sagas wait for their first task."))
	}
	return errors.Join(problems...)
}
