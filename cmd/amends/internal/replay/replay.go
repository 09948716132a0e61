// Package replay has the command `amends replay`, which runs recorded histories
// against the workflows of this build.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/workflows"
)

// ExitBadExport is the exit code of `amends replay` if histories are not whole, and all
// others replay: nothing is known to be wrong with the code.
const ExitBadExport = 3

// Command returns `amends replay`.
func Command(std cli.Stdio) *cobra.Command {
	var (
		from liveHistories
		r    replayReport
	)
	cmd := &cobra.Command{
		Use:   "replay PATH... | --workflow-id ID [--run-id RUN] | --query QUERY",
		Short: "Replay recorded histories against the workflows of this build",
		Long: `Replay recorded histories against the workflows of this build.

Histories come from files or folders of *.json files, as written by
"temporal workflow show -o json" or "tctl workflow show --output_filename", or
from a live server. Sealed payloads are opened with AMENDS_PAYLOAD_KEYS. The command prints a line for each history, and fails if one
does not replay or if there is none. With --quiet it prints failures only.

Exit code 1: a history does not replay: do not deploy this build. 3: every
history that is whole replays, but an export is not whole; its line says which
event is the first one, and what to use instead.`,
		Example: `  amends replay workflows/testdata/histories
  amends replay --quiet chaos/histories
  amends replay --workflow-id order-1b4e28ba-2fa1-81d2-883f-0016d3cca427
  amends replay \
    --query "WorkflowType = 'PlaceOrder' AND ExecutionStatus = 'Running'"`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if err := from.validate(paths); err != nil {
				return err
			}
			r.out = std.Out
			if len(paths) > 0 {
				c, err := std.Load(cmd, config.Needs{})
				if err != nil {
					return err
				}
				if err := r.files(paths, engine.NewPayloads(c.Payloads()).Data); err != nil {
					return err
				}
				return r.end()
			}
			c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
			if err != nil {
				return err
			}
			if err := replayLive(cmd.Context(), std, c, from, &r); err != nil {
				return err
			}
			return r.end()
		},
	}
	cmd.Flags().StringVar(&from.workflowID, "workflow-id", "", "replay a workflow of a live server")
	cmd.Flags().StringVar(&from.runID, "run-id", "", "run of the workflow (default: the newest)")
	cmd.Flags().BoolVarP(&r.quiet, "quiet", "q", false, "print only histories that do not replay")
	cmd.Flags().StringVar(&from.query, "query", "", "replay every run that matches a list filter on a live server")
	cli.AddEngineFlags(cmd)
	config.AddFlags(cmd.Flags(), "data_dir")
	return cmd
}

// liveHistories selects histories of a server.
type liveHistories struct{ workflowID, runID, query string }

// validate requires exactly one source of histories.
func (l liveHistories) validate(paths []string) error {
	sources := 0
	for _, named := range []bool{len(paths) > 0, l.workflowID != "", l.query != ""} {
		if named {
			sources++
		}
	}
	switch {
	case l.runID != "" && l.workflowID == "":
		return errors.New("--run-id needs the --workflow-id that it is a run of")
	case sources == 0:
		return errors.New("nothing to replay: name files or folders of histories, or --workflow-id, or --query")
	case sources > 1:
		return errors.New("files, --workflow-id and --query exclude each other")
	}
	return nil
}

func replayLive(ctx context.Context, std cli.Stdio, c *config.Config, from liveHistories, r *replayReport) error {
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Check(ctx); err != nil {
		return err
	}
	if from.query != "" {
		return replay.EachFound(ctx, client, client.Payloads.Data, from.query, r.line)
	}
	h, err := replay.FromServer(ctx, client, from.workflowID, from.runID)
	var missing *serviceerror.NotFound
	if _, bare := uuid.Parse(from.workflowID); bare == nil && errors.As(err, &missing) {
		return fmt.Errorf("%w; did you mean the workflow of that order, %s?", err, workflows.WorkflowID(from.workflowID))
	}
	if err != nil {
		return err
	}
	h.Payloads = client.Payloads.Data
	return r.line(replay.Result{Name: h.Name, Events: len(h.Events.GetEvents()), Err: replay.Replay(h)})
}

// replayReport writes a line for each history and counts failures.
type replayReport struct {
	out                io.Writer
	quiet              bool
	total, failed, bad int
}

// files replays the histories of the paths. A file without a history is a failure
// of that file only.
func (r *replayReport) files(paths []string, payloads converter.DataConverter) error {
	var all []string
	for _, path := range paths {
		files, err := replay.Files(path)
		if err != nil {
			return err
		}
		all = append(all, files...)
	}
	return replay.EachFile(all, payloads, r.line)
}

// line reports one history. Its error is that of writing.
func (r *replayReport) line(h replay.Result) error {
	verdict, reason := "ok  ", ""
	if h.Err != nil {
		reason = ": " + strings.Join(strings.Fields(h.Err.Error()), " ") // the SDK's errors may have several lines
	}
	_, bad := errors.AsType[replay.BadExport](h.Err)
	switch {
	case errors.Is(h.Err, replay.ErrGone):
		verdict = "gone"
	case bad:
		verdict = "BAD "
		r.bad++
		r.total++
	case h.Err != nil:
		verdict = "FAIL"
		r.failed++
		r.total++
	default:
		r.total++
	}
	if r.quiet && h.Err == nil {
		return nil
	}
	_, err := fmt.Fprintf(r.out, "%s  %s  %d events%s\n", verdict, h.Name, h.Events, reason)
	return err
}

// end writes the summary. Its error is that of the command.
func (r *replayReport) end() error {
	if r.total == 0 {
		return errors.New("no history was found: a folder needs *.json files, a query must find runs")
	}
	if _, err := fmt.Fprintf(r.out, "%d of %d histories replay\n", r.total-r.failed-r.bad, r.total); err != nil {
		return err
	}
	switch {
	case r.failed > 0:
		return fmt.Errorf("%d of %d histories do not replay", r.failed, r.total)
	case r.bad > 0:
		return cli.WithCode(fmt.Errorf("%d of %d histories are not whole: their exports are to blame, not the code", r.bad, r.total), ExitBadExport)
	}
	return nil
}
