package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// waitingList returns `amends events waiting`.
func waitingList(std cli.Stdio) *cobra.Command {
	return listLetters(std, &cobra.Command{
		Use:   "waiting",
		Short: "List the events that a listener tries again, and those behind dead ones",
	}, waiting.Waiting, "no event waits")
}

// deadList returns `amends events dead`.
func deadList(std cli.Stdio) *cobra.Command {
	return listLetters(std, &cobra.Command{
		Use:   "dead",
		Short: "List the dead letters: events that failed by a bug; their keys wait",
	}, waiting.Parked, "no letter is dead")
}

// listLetters completes a command that lists letters, and says none if there are none.
func listLetters(std cli.Stdio, cmd *cobra.Command, s waiting.State, none string) *cobra.Command {
	var asJSON bool
	q := waiting.Query{State: s}
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.After != 0 && q.Group == "" {
			return fmt.Errorf("--after needs --group")
		}
		pages := map[string]waiting.Page{}
		all := []waiting.Letter{}
		err := desks(std, cmd, q.Group, func(ctx context.Context, service string, d *waiting.Desk) error {
			p, err := d.List(ctx, q)
			pages[service] = p
			all = append(all, p.Letters...)
			return err //nolint:wrapcheck // it names the operation
		})
		if err != nil {
			return err
		}
		if asJSON {
			return show.JSON(std.Out, all)
		}
		screen := std.Screen(cmd)
		if len(all) == 0 {
			return screen.Note("%s", none)
		}
		problems := []error{screen.Tables(letters(all))}
		for _, service := range registry.Names() {
			if next := pages[service].Next; next != 0 {
				problems = append(problems, screen.Note("more: --group %s --after %d", service, next))
			}
		}
		return errors.Join(problems...)
	}
	cmd.Flags().StringVar(&q.Group, "group", "", "the listening service (default: all)")
	cmd.Flags().StringVar(&q.Key, "key", "", "only events of this key, for example an order id")
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "at most so many of each service")
	cmd.Flags().Int64Var(&q.After, "after", 0, "continue a list of one group behind this position")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.Choices(cmd, "group", registry.Names()...)
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// desks calls f with the desk of each service, or only that of group.
func desks(std cli.Stdio, cmd *cobra.Command, group string, f func(ctx context.Context, service string, d *waiting.Desk) error) error {
	services := registry.Names()
	if group != "" {
		if _, err := registry.Find(group); err != nil {
			return fmt.Errorf("--group: %w", err)
		}
		services = []string{group}
	}
	for _, service := range services {
		o, err := dsn.Tool(std, cmd, service)
		if err != nil {
			return err
		}
		err = worker.WithEvents(cmd.Context(), o, service, func(e worker.Events) error { return f(cmd.Context(), service, e.Desk) })
		if err != nil {
			return err
		}
	}
	return nil
}

// letters returns letters as a table.
func letters(all []waiting.Letter) *show.Table {
	t := show.NewTable(
		show.Text("State"), show.Text("Group"), show.Text("Since"), show.Text("Event"), show.Text("Type"), show.Text("Key"), show.Text("Urgent"),
		show.Number("Tried"), show.Text("Next"), show.Prose("Failed"),
	).Stacked()
	for _, l := range all {
		failure, urgent, next := "", "", ""
		if l.Code != "" {
			failure = string(l.Code) + ": " + cmp.Or(l.Message, "no message")
		}
		if l.Urgent {
			urgent = "yes"
		}
		if l.NextAt != nil {
			next = show.Second(*l.NextAt)
		}
		t.Row(show.State(l.State), l.Group, show.Second(l.Since), l.ID, l.Type, l.Key, urgent, l.Attempts, next, failure)
	}
	return t
}
