// Package sagas has the command `amends saga`, which lists, shows, cancels and repairs the
// sagas of any workflow of the engine that has one, also of programs that are not amends.
package sagas

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

const (
	// answerTimeout bounds the wait for the worker of a workflow.
	answerTimeout = 10 * time.Second
	// changeTimeout bounds a cancel, which waits for a pivot under way, and a repair.
	changeTimeout = 30 * time.Second
)

// Command returns `amends saga`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("saga", "Sagas of any workflow, also of other programs")
	all := []*cobra.Command{list(std), showOne(std), cancel(std), repair(std)}
	for _, c := range all {
		cli.AddEngineFlags(c)
	}
	cmd.AddCommand(all...)
	return cmd
}

// dial connects a command to the engine for f, for at most so long.
func dial(std cli.Stdio, cmd *cobra.Command, limit time.Duration, f func(ctx context.Context, c *engine.Client) error) error {
	settings, err := std.Load(cmd, config.Needs{Temporal: true})
	if err != nil {
		return err
	}
	c, err := std.Dial(settings, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(cmd.Context(), limit)
	defer stop()
	if err := c.Check(ctx); err != nil {
		return err
	}
	return f(ctx, c)
}

// needsID accepts a workflow's id.
func needsID(verb string) cobra.PositionalArgs {
	return cli.Exactly("saga "+verb+" needs the id of a workflow", 1)
}

func showOne(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show WORKFLOW-ID",
		Short: "Show a saga: its phase, steps, flags and repairs",
		Args:  needsID("show"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return dial(std, cmd, answerTimeout, func(ctx context.Context, c *engine.Client) error {
				v, err := saga.Show(ctx, c, args[0])
				if err != nil {
					return explain(args[0], err)
				}
				return write(std, cmd, v, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the saga as JSON")
	return cmd
}

func cancel(std cli.Stdio) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "cancel WORKFLOW-ID",
		Short: "Cancel a saga that is not past its point of no return",
		Args:  needsID("cancel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notAnOrder(args[0], "the API's POST /v1/orders/{id}/cancel"); err != nil {
				return err
			}
			return dial(std, cmd, changeTimeout, func(ctx context.Context, c *engine.Client) error {
				r, err := saga.Cancel(ctx, c, args[0], fault.Code(reason))
				if err != nil {
					return explain(args[0], err)
				}
				_, err = fmt.Fprintf(std.Out, "saga %s is %s\n", args[0], r.Phase)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", string(saga.CustomerRequest), "the saga's reason, a code")
	return cmd
}

func repair(std cli.Stdio) *cobra.Command {
	var (
		q      saga.RepairRequest
		action string
	)
	cmd := &cobra.Command{
		Use:   "repair WORKFLOW-ID STEP --action retry|skip --reason WORDS",
		Short: "Retry a flagged step of a saga now, or give up on undoing it",
		Long: "Retry a flagged step of a saga now (retry), or give up on undoing it (skip), which records a waiver of what\n" +
			"the step holds. The author, the time and the reason are kept in the saga and in its history.",
		Args: cli.Exactly("saga repair needs the id of a workflow and a step", 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := notAnOrder(args[0], "amends repair"); err != nil {
				return err
			}
			if q.Operator, err = cli.Author(q.Operator); err != nil {
				return err
			}
			q.Step, q.Action = args[1], saga.Action(action)
			return dial(std, cmd, changeTimeout, func(ctx context.Context, c *engine.Client) error {
				r, err := saga.RepairStep(ctx, c, args[0], q)
				if err != nil {
					return explain(args[0], err)
				}
				_, err = fmt.Fprintf(std.Out, "step %s of saga %s is %s\n", r.Step.Name, args[0], r.Step.State)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&action, "action", "", "retry or skip")
	cmd.Flags().StringVar(&q.Reason, "reason", "", "why, in words")
	cmd.Flags().StringVar(&q.Reference, "reference", "", "reference to the remedy; needed to skip a step of money")
	cli.AddAuthor(cmd, &q.Operator)
	cli.Require(cmd, "action", "reason")
	return cmd
}

// notAnOrder refuses to change the workflow of an order behind the back of its service and
// its audit.
func notAnOrder(id, use string) error {
	for _, prefix := range []string{workflows.WorkflowID(""), repay.WorkflowID("")} {
		if strings.HasPrefix(id, prefix) {
			return fmt.Errorf("%s is the workflow of an order, whose service has to know of a change: use %s", id, use)
		}
	}
	return nil
}

// explain returns the failure of a question about a workflow.
func explain(id string, err error) error {
	if kind := fault.KindOf(err); kind == fault.Business || kind == fault.Bug {
		return fmt.Errorf("saga %s: %w", id, err)
	}
	return fmt.Errorf("saga %s: no worker that runs its workflow answers: %w", id, err)
}

// write prints a saga.
func write(std cli.Stdio, cmd *cobra.Command, v saga.View, asJSON bool) error {
	if asJSON {
		return show.JSON(std.Out, v)
	}
	return writeView(std.Screen(cmd), v)
}
