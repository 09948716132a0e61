// Package mails has the commands that read the mailbox of an `amends dev`: `amends mail`.
package mails

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/internal/show"
)

// Command returns `amends mail`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("mail", "The mails that an `amends dev` has sent")
	cmd.AddCommand(list(std), view(std))
	return cmd
}

// whereabouts tells in the help which mailbox a command reads.
const whereabouts = "\nThe mailbox is in the data folder of an `amends dev` that has no smtp_url. Its mails may have secrets."

// open returns the mailbox of the configured data folder.
func open(std cli.Stdio, cmd *cobra.Command) (mailbox.Mailbox, error) {
	c, err := std.Load(cmd, config.Needs{})
	if err != nil {
		return mailbox.Mailbox{}, err
	}
	return mailbox.In(c.DataDir), nil
}

// list returns `amends mail list`.
func list(std cli.Stdio) *cobra.Command {
	var asJSON bool
	limit := 20
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest mails, newest first",
		Long:  "List the newest mails, newest first." + whereabouts,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := open(std, cmd)
			if err != nil {
				return err
			}
			if limit < 1 {
				return errors.New("mail list: --limit must be at least 1")
			}
			all, err := m.List(limit)
			if err != nil {
				return err
			}
			if asJSON {
				return show.JSON(std.Out, all)
			}
			t := show.NewTable(show.Text("Mail"), show.Moment("At").Dispensable(1), show.Prose("To"), show.Prose("Subject"))
			for _, mail := range all {
				t.Row(mail.ID, show.Second(mail.At), strings.Join(mail.To, ", "), mail.Subject)
			}
			return std.Screen(cmd).Tables(t)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the texts")
	config.AddFlags(cmd.Flags(), "data_dir")
	return cmd
}

// view returns `amends mail show`.
func view(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [ID]",
		Short: "Show a mail, or the newest one",
		Long:  "Show a mail, or the newest one." + whereabouts,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := open(std, cmd)
			if err != nil {
				return err
			}
			found, err := choose(m, args)
			if err != nil {
				return err
			}
			if asJSON {
				return show.JSON(std.Out, found)
			}
			_, err = fmt.Fprintf(std.Out, "From:    %s\nTo:      %s\nDate:    %s\nSubject: %s\n\n%s",
				found.From, strings.Join(found.To, ", "), found.At.Format(time.DateTime), found.Subject, strings.ReplaceAll(found.Text, "\r\n", "\n"))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the HTML")
	config.AddFlags(cmd.Flags(), "data_dir")
	return cmd
}

// choose returns the mail that the arguments name.
func choose(m mailbox.Mailbox, args []string) (mailbox.Mail, error) {
	if len(args) == 1 {
		found, err := m.Get(args[0])
		if err != nil {
			return found, fmt.Errorf("mail %.40s: %w", args[0], err)
		}
		return found, nil
	}
	all, err := m.List(1)
	if err == nil && len(all) == 0 {
		err = mailbox.ErrNone
	}
	if err != nil {
		return mailbox.Mail{}, fmt.Errorf("mail: %w", err)
	}
	return all[0], nil
}
