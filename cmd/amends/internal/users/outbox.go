package users

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/user"
)

// outbox returns `amends user outbox`.
func outbox(std cli.Stdio) *cobra.Command {
	var asJSON bool
	limit := 20
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Show the newest mails that accounts are to get, with their tokens",
		Long: "Show the newest mails that accounts are to get, with the tokens that confirm an address or reset a password.\n" +
			"They are secrets: whoever has one can act for the account. A mail that was used or is too old is left out." + reach.Whereabouts,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(std, cmd, func(ctx context.Context, s user.Service) error {
				all, err := s.Mails(ctx, limit)
				if err != nil {
					return err
				}
				if asJSON {
					return show.JSON(std.Out, all)
				}
				t := show.Table("Token")
				t.AppendHeader(table.Row{"At", "To", "Mail", "Token"})
				for _, m := range all {
					t.AppendRow(table.Row{m.CreatedAt.Format(time.DateTime), m.To, m.Template, m.Token})
				}
				_, err = fmt.Fprintln(std.Out, t.Render())
				return err
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many, 1 to 200")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

func sessionTable(all []user.Session) string {
	if len(all) == 0 {
		return ""
	}
	t := show.Table("Device")
	t.AppendHeader(table.Row{"Session", "Since", "Seen", "Device"})
	for _, s := range all {
		t.AppendRow(table.Row{s.ID, s.CreatedAt.Format(time.DateTime), s.SeenAt.Format(time.DateTime), s.Device})
	}
	return t.Render() + "\n"
}

func keyTable(all []user.APIKey) string {
	if len(all) == 0 {
		return ""
	}
	t := show.Table("Name")
	t.AppendHeader(table.Row{"API key", "Name", "Scopes", "Expires", "Used"})
	for _, k := range all {
		t.AppendRow(table.Row{k.ID, k.Name, k.Scopes, never(k.ExpiresAt), never(k.UsedAt)})
	}
	return t.Render() + "\n"
}

func recordTable(all []user.Record) string {
	if len(all) == 0 {
		return ""
	}
	t := show.Table("Note")
	t.AppendHeader(table.Row{"At", "Event", "By", "Session or key", "Note"})
	for _, r := range all {
		by := r.By
		if by == "" {
			by = "its owner"
		}
		t.AppendRow(table.Row{r.At.Format(time.DateTime), r.Event, by, r.About, r.Note})
	}
	return t.Render() + "\n"
}

func never(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateTime)
}
