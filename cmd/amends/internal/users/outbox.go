package users

import (
	"cmp"
	"context"
	"strings"
	"time"

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
				t := show.NewTable(show.Moment("At").Dispensable(1), show.Prose("To"), show.Prose("Mail"), show.Prose("Token"))
				for _, m := range all {
					t.Row(show.Second(m.CreatedAt), m.To, m.Template, m.Token)
				}
				return std.Screen(cmd).Tables(t)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many, 1 to 200")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

func sessionTable(all []user.Session) *show.Table {
	t := show.NewTable(show.Prose("Session"), show.Moment("Since").Dispensable(1), show.Moment("Seen"), show.Prose("Device"))
	for _, s := range all {
		t.Row(s.ID, show.Second(s.CreatedAt), show.Second(s.SeenAt), s.Device)
	}
	return t
}

func keyTable(all []user.APIKey) *show.Table {
	t := show.NewTable(show.Text("API key"), show.Prose("Name"), show.Prose("Scopes"), show.Moment("Expires").Dispensable(2), show.Moment("Used").Dispensable(1))
	for _, k := range all {
		t.Row(k.ID, k.Name, strings.Join(k.Scopes, ", "), never(k.ExpiresAt), never(k.UsedAt))
	}
	return t
}

func recordTable(all []user.Record) *show.Table {
	t := show.NewTable(show.Moment("At"), show.Text("Event"), show.Prose("By"), show.Prose("Session or key").Dispensable(1), show.Prose("Note"))
	for _, r := range all {
		t.Row(show.Second(r.At), r.Event, cmp.Or(r.By, "its owner"), r.About, r.Note)
	}
	return t
}

func never(t time.Time) string { return cmp.Or(show.Second(t), "never") }
