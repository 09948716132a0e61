// Package messages has the commands of operators about messages to customers:
// `amends notification`.
package messages

import (
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/notification"
	notificationrpc "github.com/amends/amends/services/notification/rpc"
	"github.com/amends/amends/worker"
)

// Command returns `amends notification`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("notification", "Messages to customers")
	cmd.AddCommand(list(std), lift(std), preview(std))
	return cmd
}

// with calls f with the notification service.
func with(std cli.Stdio, cmd *cobra.Command, f func(context.Context, notification.Service) error) error {
	return reach.Service(std, cmd, "notification",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, notificationrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithNotification(ctx, o, func(s notification.Service) error { return f(ctx, s) })
		})
}

// list returns `amends notification list`.
func list(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list ID",
		Short: "List the messages about an order, an account or a mail: who got what, when, or why not",
		Long:  "List the messages about an order, an account or a mail: who got what, when, or why not." + reach.Whereabouts,
		Args:  cli.Exactly("notification list needs the id of an order, an account or a mail", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(std, cmd, func(ctx context.Context, s notification.Service) error {
				all, err := s.About(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return show.JSON(std.Out, all)
				}
				t := show.NewTable(
					show.Moment("At"), show.Prose("Message"), show.Text("Channel").Dispensable(1), show.Text("State"), show.Prose("Reason"),
					show.Number("Attempts").Dispensable(2), show.Prose("Address"),
				)
				for _, d := range all {
					t.Row(show.Second(d.CreatedAt), d.Kind, d.Channel, show.State(d.State), d.Reason, d.Attempts, d.Address)
				}
				return std.Screen(cmd).Tables(t)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// lift returns `amends notification lift`.
func lift(std cli.Stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lift ADDRESS",
		Short: "Send mails to an address again that was refused in the last days",
		Long:  "Send mails to an address again that was refused in the last days. Those that were dropped meanwhile are lost." + reach.Whereabouts,
		Args:  cli.Exactly("notification lift needs an address of mail", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(std, cmd, func(ctx context.Context, s notification.Service) error {
				return s.Lift(ctx, notification.Email, args[0])
			})
		},
	}
	cli.AddDatabaseFlags(cmd)
	return cmd
}
