package events

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/show"
)

// showEvent returns `amends events show`.
func showEvent(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an event: where it waits or has waited, and the decisions about it",
		Args:  cli.Exactly("events show needs the id of an event", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := history(std, cmd, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return show.JSON(std.Out, h)
			}
			return printHistory(std, h)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// history returns everything that the databases of all services know of an event.
func history(std cli.Stdio, cmd *cobra.Command, id string) (all waiting.History, err error) {
	err = desks(std, cmd, "", func(ctx context.Context, _ string, d *waiting.Desk) error {
		h, err := d.Show(ctx, id)
		all.Letters = append(all.Letters, h.Letters...)
		all.Decisions = append(all.Decisions, h.Decisions...)
		return err //nolint:wrapcheck // it says what it did
	})
	if err == nil && len(all.Letters)+len(all.Decisions) == 0 {
		return all, fmt.Errorf("no service has kept event %s: it was handled at once, or not heard", id)
	}
	return all, err
}

func printHistory(std cli.Stdio, h waiting.History) error {
	for _, l := range h.Letters {
		if err := printLetter(std.Out, l); err != nil {
			return err
		}
		data, err := l.Data.MarshalJSON()
		if err != nil {
			return err //nolint:wrapcheck // of JSON
		}
		if err := printBlock(std.Out, "  its data", [][2]string{{"", string(data)}}); err != nil {
			return err
		}
	}
	for _, d := range h.Decisions {
		title := fmt.Sprintf("%s in %s at %s", d.Action, d.Group, stamp(d.CreatedAt))
		err := printBlock(std.Out, title, [][2]string{
			{"by", d.Operator},
			{"reason", d.Reason},
			{"of", d.Selection},
			{"state", d.Item.State},
			{"result", d.Item.Result},
			{"code", string(d.Item.Code)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
