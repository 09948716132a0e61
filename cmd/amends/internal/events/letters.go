package events

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/show"
	plain "github.com/amends/amends/internal/text"
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
			return err //nolint:wrapcheck // it says what it did
		})
		if err != nil {
			return err
		}
		if asJSON {
			return show.JSON(std.Out, all)
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(std.Out, none)
			return err //nolint:wrapcheck // of the terminal
		}
		for _, l := range all {
			if err := printLetter(std.Out, l); err != nil {
				return err
			}
		}
		for _, service := range registry.Names() {
			if next := pages[service].Next; next != 0 {
				if _, err := fmt.Fprintf(std.Out, "more: --group %s --after %d\n", service, next); err != nil {
					return fmt.Errorf("print letters: %w", err)
				}
			}
		}
		return nil
	}
	cmd.Flags().StringVar(&q.Group, "group", "", "the listening service (default: all)")
	cmd.Flags().StringVar(&q.Key, "key", "", "only events of this key, for example an order id")
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "at most so many of each service")
	cmd.Flags().Int64Var(&q.After, "after", 0, "continue a list of one group behind this position")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
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

// printLetter prints a letter in lines that fit a terminal.
func printLetter(out io.Writer, l waiting.Letter) error {
	failure := ""
	if l.Code != "" {
		failure = string(l.Code) + ": " + cmp.Or(l.Message, "no message")
	}
	next := ""
	if l.NextAt != nil {
		next = "next " + stamp(*l.NextAt)
	}
	flags := ""
	if l.Urgent {
		flags = "urgent"
	}
	return printBlock(out, fmt.Sprintf("%s in %s since %s", l.State, l.Group, stamp(l.Since)), [][2]string{
		{"event", l.ID},
		{"type", l.Type},
		{"key", l.Key},
		{"", flags},
		{"tried", strings.TrimSuffix(fmt.Sprintf("%d times, %s", l.Attempts, next), ", ")},
		{"failed", failure},
	})
}

// printBlock prints a title and named values; empty values are left out.
func printBlock(out io.Writer, title string, values [][2]string) error {
	const name = 9 // width
	lines := []string{title}
	for _, v := range values {
		if v[1] == "" {
			continue
		}
		value := v[1]
		if plain.Line(value) != nil {
			value = strconv.Quote(value)
		}
		for n, line := range strings.Split(text.WrapHard(value, width-name), "\n") {
			if n > 0 {
				v[0] = ""
			}
			lines = append(lines, fmt.Sprintf("  %-*s%s", name-2, v[0], strings.TrimRight(line, " ")))
		}
	}
	if _, err := fmt.Fprintln(out, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("print events: %w", err)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) }
