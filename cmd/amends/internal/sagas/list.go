package sagas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/saga"
)

const (
	// listTimeout bounds `amends saga list`.
	listTimeout = time.Minute
	// atOnce is how many workflows are asked at a time, and askTimeout for how long.
	atOnce, askTimeout = 8, 5 * time.Second
)

func list(std cli.Stdio) *cobra.Command {
	var (
		query  string
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List sagas: their phase, and the steps that need attention",
		Long: "List the sagas of the workflows that a list filter of the engine finds, the newest first. Each workflow is\n" +
			"asked; those that have no saga are left out.",
		Example: `  amends saga list
  amends saga list \
    --query "WorkflowType = 'Book' AND ExecutionStatus = 'Completed'"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return errors.New("--limit must be at least 1")
			}
			return dial(std, cmd, listTimeout, func(ctx context.Context, c *engine.Client) error {
				found, more, err := find(ctx, c, query, limit)
				if err != nil {
					return err
				}
				all := ask(ctx, c, found)
				if asJSON {
					return show.JSON(std.Out, all)
				}
				return writeList(std.Screen(cmd), all, more)
			})
		},
	}
	cmd.Flags().StringVar(&query, "query", "ExecutionStatus = 'Running'", "list filter of the engine")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many workflows are asked")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the sagas as JSON")
	return cmd
}

// listed is a workflow with its saga.
type listed struct {
	Workflow string    `json:"workflow"`
	Type     string    `json:"type"`
	Status   string    `json:"status"` // of the workflow
	Started  time.Time `json:"started_at"`
	// Saga is nil if no worker answered; Error says why.
	Saga  *saga.View `json:"saga,omitempty"`
	Error string     `json:"error,omitempty"`
}

// find returns the first workflows that the filter finds, and whether there are more.
func find(ctx context.Context, c *engine.Client, query string, limit int) (found []*workflow.WorkflowExecutionInfo, more bool, err error) {
	var next []byte
	for len(found) < limit {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: int32(min(limit, 100)), NextPageToken: next}) //nolint:gosec // small
		if err != nil {
			return nil, false, fmt.Errorf("list workflows: %w", err)
		}
		found, next = append(found, page.GetExecutions()...), page.GetNextPageToken()
		if len(next) == 0 {
			break
		}
	}
	if len(found) > limit {
		return found[:limit], true, nil
	}
	return found, len(next) > 0, nil
}

// ask asks each workflow for its saga, and leaves out those that have none.
func ask(ctx context.Context, e saga.Engine, found []*workflow.WorkflowExecutionInfo) []listed {
	all := make([]*listed, len(found))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, w := range found {
		g.Go(func() error {
			all[i] = askOne(ctx, e, w)
			return nil
		})
	}
	_ = g.Wait() // the rows hold the errors
	rows := []listed{}
	for _, l := range all {
		if l != nil {
			rows = append(rows, *l)
		}
	}
	return rows
}

func askOne(ctx context.Context, e saga.Engine, w *workflow.WorkflowExecutionInfo) *listed {
	ctx, stop := context.WithTimeout(ctx, askTimeout)
	defer stop()
	l := &listed{
		Workflow: w.GetExecution().GetWorkflowId(), Type: w.GetType().GetName(),
		Status: w.GetStatus().String(), Started: w.GetStartTime().AsTime(),
	}
	v, err := saga.Show(ctx, e, l.Workflow)
	switch {
	case fault.CodeOf(err) == saga.UnknownSaga:
		return nil
	case err != nil:
		l.Error = "no worker answers"
	default:
		l.Saga = &v
	}
	return l
}

func writeList(s show.Screen, all []listed, more bool) error {
	t := show.NewTable(
		show.Text("Workflow"), show.Text("Type").Dispensable(1), show.Text("Phase"), show.Text("Reason").Dispensable(2), show.Prose("Needs attention"),
	)
	for _, l := range all {
		phase, reason, attention := l.Error, fault.Code(""), ""
		if l.Saga != nil {
			phase, reason = string(l.Saga.Phase), l.Saga.Reason
			for i, a := range l.Saga.Attention {
				if i > 0 {
					attention += ", "
				}
				attention += a.Step + " " + string(a.Code)
			}
		}
		t.Row(l.Workflow, l.Type, show.State(phase), reason, attention)
	}
	problems := []error{s.Tables(t)}
	if len(all) == 0 {
		problems = append(problems, s.Note("no saga"))
	}
	if more {
		problems = append(problems, s.Note("There are more workflows: see --limit and --query."))
	}
	return errors.Join(problems...)
}

// writeView writes a saga: its end or progress, its steps, flags, waivers and repairs.
func writeView(s show.Screen, v saga.View) error {
	head := show.Pairs()
	head.Row("Saga", v.ID)
	head.Row("Phase", show.State(v.Phase))
	if v.Reason != "" {
		head.Row("Reason", string(v.Reason))
	}
	if !v.DecideBy.IsZero() {
		head.Row("Decide by", show.Stamp(v.DecideBy))
	}
	steps := show.NewTable(show.Text("Step"), show.Text("State"), show.Number("Attempts"), show.Text("Last error"), show.Prose("Holds"))
	for _, step := range v.Steps {
		steps.Row(step.Name, show.State(step.State), step.Attempts, string(step.Error), step.Exposure)
	}
	flags := show.NewTable(show.Text("Needs attention"), show.Text("Code"), show.Moment("Since"))
	for _, a := range v.Attention {
		flags.Row(a.Step, string(a.Code), show.Stamp(a.Since))
	}
	repairs := show.NewTable(
		show.Text("Repair"), show.Text("Action"), show.Prose("By").Dispensable(1), show.Moment("At").Dispensable(2), show.Prose("Reason"), show.Prose("Reference"),
	)
	for _, r := range v.Repairs {
		repairs.Row(r.Step, string(r.Action), r.Operator, show.Stamp(r.At), r.Reason, r.Reference)
	}
	waivers := show.NewTable(
		show.Text("Waived"), show.Prose("Holds"), show.Prose("By").Dispensable(1), show.Moment("At").Dispensable(2), show.Prose("Reason"), show.Prose("Reference"),
	)
	for _, g := range v.Waivers {
		waivers.Row(g.Step, g.Owed, g.Operator, show.Stamp(g.At), g.Reason, g.Reference)
	}
	return s.Tables(head, steps, flags, waivers, repairs)
}
