package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/worker/registry"
)

// lookEvery is the interval between two looks at a redrive.
const lookEvery = 500 * time.Millisecond

// redrive returns `amends events redrive`.
func redrive(std cli.Stdio) *cobra.Command {
	var r waiting.Request
	var noWait bool
	cmd := &cobra.Command{
		Use:   "redrive --group G (--id ID|--key KEY|--all) --reason TEXT",
		Short: "Hand dead letters to their listener again, after the bug is mended",
		Long: "Hand the dead letters of a listening service to it again: those that are dead now, in the order of\n" +
			"their keys; events that wait behind them follow. It begins slowly (1, 2, 5, 20 letters per second,\n" +
			"then --rate) and stops itself at the first failure. The worker of the service does it; the command\n" +
			"waits for it, and may be interrupted. Every letter has one effect, however often it is redriven.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if r.Operator, err = cli.Author(r.Operator); err != nil {
				return err
			}
			return desks(std, cmd, r.Group, func(ctx context.Context, _ string, d *waiting.Desk) error {
				done, n, err := d.Redrive(ctx, r)
				if err != nil {
					return refusal(err)
				}
				if _, err := fmt.Fprintf(std.Out, "%s: %d dead letters of %s\n", done.ID, n, r.Group); err != nil || noWait {
					return err //nolint:wrapcheck // of the terminal
				}
				return follow(ctx, std, d, done.ID)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.Group, "group", "", "the listening service")
	flags.StringVar(&r.ID, "id", "", "the dead letter of this event")
	flags.StringVar(&r.Key, "key", "", "the dead letters of this key")
	flags.BoolVar(&r.All, "all", false, "all dead letters")
	flags.StringVar(&r.Reason, "reason", "", "why, in words; no names of customers, no addresses")
	flags.Int64Var(&r.Rate, "rate", waiting.DefaultRate, "letters per second after the ramp")
	flags.BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	cli.AddAuthor(cmd, &r.Operator)
	cli.Require(cmd, "group", "reason")
	cli.Choices(cmd, "group", registry.Names()...)
	cmd.MarkFlagsMutuallyExclusive("id", "key", "all")
	cmd.MarkFlagsOneRequired("id", "key", "all")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// follow prints how far a redrive is until it has ended. Its error says that it has
// stopped at a failure.
func follow(ctx context.Context, std cli.Stdio, d *waiting.Desk, id string) error {
	last := ""
	for {
		p, err := d.Progress(ctx, id)
		if err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		if line := progress(p); line != last {
			last = line
			if _, err := fmt.Fprintln(std.Out, line); err != nil {
				return err //nolint:wrapcheck // of the terminal
			}
		}
		switch p.State {
		case "done":
			return nil
		case "stopped":
			return fmt.Errorf("it stopped at event %s, which failed again: see `amends events show %s`", p.Failed, p.Failed)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s goes on without this command", id)
		case <-time.After(lookEvery):
		}
	}
}

// progress returns the state of a redrive in one line.
func progress(p waiting.Progress) string {
	var parts []string
	for result, n := range p.Items {
		parts = append(parts, fmt.Sprintf("%d %s", n, result))
	}
	slices.Sort(parts)
	return p.State + ": " + strings.Join(parts, ", ")
}

// discard returns `amends events discard`.
func discard(std cli.Stdio) *cobra.Command {
	var r waiting.Request
	cmd := &cobra.Command{
		Use:   "discard ID --reason TEXT",
		Short: "Give up an event that waits or is dead; the next one of its key follows",
		Args:  cli.Exactly("events discard needs the id of an event", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.ID = args[0]
			if r.Operator, err = cli.Author(r.Operator); err != nil {
				return err
			}
			if r.Group == "" {
				if r.Group, err = groupOf(std, cmd, r.ID); err != nil {
					return err
				}
			}
			return desks(std, cmd, r.Group, func(ctx context.Context, _ string, d *waiting.Desk) error {
				if _, err := d.Discard(ctx, r); err != nil {
					return refusal(err)
				}
				_, err := fmt.Fprintf(std.Out, "discarded in %s: %s\n", r.Group, r.ID)
				return err //nolint:wrapcheck // of the terminal
			})
		},
	}
	cmd.Flags().StringVar(&r.Group, "group", "", "the listening service (default: the only one in which it waits)")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why, in words; no names of customers, no addresses")
	cli.AddAuthor(cmd, &r.Operator)
	cli.Require(cmd, "reason")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// groupOf returns the only group in which an event waits. It fails if a service cannot be
// asked.
func groupOf(std cli.Stdio, cmd *cobra.Command, id string) (string, error) {
	var groups []string
	err := desks(std, cmd, "", func(ctx context.Context, _ string, d *waiting.Desk) error {
		h, err := d.Show(ctx, id)
		for _, l := range h.Letters {
			if l.SettledAt == nil {
				groups = append(groups, l.Group)
			}
		}
		return err //nolint:wrapcheck // it names the operation
	})
	if err != nil {
		return "", err
	}
	switch len(groups) {
	case 0:
		return "", fmt.Errorf("event %s waits nowhere", id)
	case 1:
		return groups[0], nil
	default:
		return "", fmt.Errorf("event %s waits in %s: name one with --group", id, strings.Join(groups, " and "))
	}
}

// refusal returns a business fault without its code.
func refusal(err error) error {
	if fault.KindOf(err) == fault.Business {
		return errors.New(fault.Of(err).Message)
	}
	return err
}
