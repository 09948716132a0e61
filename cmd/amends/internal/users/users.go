// Package users has the commands of operators about accounts: `amends user`.
package users

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/user"
	userrpc "github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// Command returns `amends user`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("user", "Accounts, roles and API keys")
	cmd.AddCommand(create(std), view(std), role(std), lock(std, true), lock(std, false), erase(std), key(std), outbox(std))
	return cmd
}

// with calls f with the user service.
func with(std cli.Stdio, cmd *cobra.Command, f func(context.Context, user.Service) error) error {
	return reach.Service(std, cmd, "user",
		func(ctx context.Context, conn grpc.ClientConnInterface) error { return f(ctx, userrpc.NewClient(conn)) },
		func(ctx context.Context, o worker.Options) error {
			return worker.WithUser(ctx, o, func(s user.Service) error { return f(ctx, s) })
		})
}

// withOrders is with for a change that the order service takes part in.
func withOrders(std cli.Stdio, cmd *cobra.Command, f func(context.Context, user.Service) error) error {
	return reach.Service(std, cmd, "user",
		func(ctx context.Context, conn grpc.ClientConnInterface) error { return f(ctx, userrpc.NewClient(conn)) },
		func(ctx context.Context, users worker.Options) error {
			orders, err := dsn.Tool(std, cmd, "order") //nolint:contextcheck // it takes that of cmd
			if err != nil {
				return err
			}
			return worker.With(ctx, orders, "order", func(beside *registry.Stores) error {
				return worker.With(ctx, users, "user", func(s *registry.Stores) error {
					if err := s.Prepare(nil); err != nil {
						return err
					}
					return f(ctx, s.UsersBeside(beside.Orders()))
				})
			})
		})
}

// find returns the account that a person names by its id or its address of mail.
func find(ctx context.Context, s user.Service, name string) (user.Account, error) {
	if strings.Contains(name, "@") {
		return s.Find(ctx, name)
	}
	return s.Account(ctx, name)
}

// create returns `amends user create`.
func create(std cli.Stdio) *cobra.Command {
	var r user.Registration
	var role, by string
	cmd := &cobra.Command{
		Use:   "create EMAIL --name NAME",
		Short: "Make an account without a mail, for example of a colleague or a machine",
		Long: "Make an account without a mail, for example of a colleague or a machine. It has no password: its owner\n" +
			"sets one by a reset, or uses an API key (`amends user key create`)." + reach.Whereabouts,
		Args: cli.Exactly("user create needs an address of mail", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.Email = args[0]
			if by, err = cli.Author(by); err != nil {
				return err
			}
			return with(std, cmd, func(ctx context.Context, s user.Service) error {
				a, err := s.Create(ctx, r, user.Role(role), by)
				if err != nil {
					return err
				}
				return printAccount(std, a)
			})
		},
	}
	cmd.Flags().StringVar(&r.Name, "name", "", "the name of the person or machine")
	cmd.Flags().StringVar(&r.Locale, "locale", "en", "language of its mails, such as en or de-AT")
	cmd.Flags().StringVar(&role, "role", string(user.Customer), "customer, support or operator")
	cli.Choices(cmd, "role", string(user.Customer), string(user.Support), string(user.Operator))
	cli.AddAuthor(cmd, &by)
	cli.Require(cmd, "name")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// records is how many of them `amends user show` shows.
const records = 20

// view returns `amends user show`.
func view(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID|EMAIL",
		Short: "Show an account: its role, sessions, API keys, and the newest records of its security",
		Long:  "Show an account: its role, sessions, API keys, and the newest records of its security." + reach.Whereabouts,
		Args:  cli.Exactly("user show needs the id or the address of an account", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(std, cmd, func(ctx context.Context, s user.Service) (err error) {
				var shown struct {
					user.Account

					Sessions []user.Session `json:"sessions"`
					Keys     []user.APIKey  `json:"keys"`
					Records  []user.Record  `json:"records"`
				}
				if shown.Account, err = find(ctx, s, args[0]); err != nil {
					return err
				}
				if shown.Sessions, err = s.Sessions(ctx, shown.ID); err != nil {
					return err
				}
				if shown.Keys, err = s.Keys(ctx, shown.ID); err != nil {
					return err
				}
				if shown.Records, err = s.Records(ctx, shown.ID, "", records); err != nil {
					return err
				}
				if asJSON {
					return show.JSON(std.Out, shown)
				}
				if err := printAccount(std, shown.Account); err != nil {
					return err
				}
				return std.Screen(cmd).Tables(sessionTable(shown.Sessions), keyTable(shown.Keys), recordTable(shown.Records))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// addDecision adds the flags of a decision.
func addDecision(cmd *cobra.Command, d *user.Decision) {
	cmd.Flags().StringVar(&d.Reason, "reason", "", "why, in words; no names of customers, no addresses")
	cli.AddAuthor(cmd, &d.By)
	cli.Require(cmd, "reason")
	cli.AddDatabaseFlags(cmd)
}

// decide carries out a decision about a named account, and prints the account.
func decide(std cli.Stdio, cmd *cobra.Command, name string, d user.Decision, f func(context.Context, user.Service, user.Decision) (user.Account, error)) (err error) {
	if d.By, err = cli.Author(d.By); err != nil {
		return err
	}
	return with(std, cmd, func(ctx context.Context, s user.Service) error {
		a, err := find(ctx, s, name)
		if err != nil {
			return err
		}
		d.Account = a.ID
		if a, err = f(ctx, s, d); err != nil {
			return err
		}
		return printAccount(std, a)
	})
}

// role returns `amends user role`.
func role(std cli.Stdio) *cobra.Command {
	var d user.Decision
	cmd := &cobra.Command{
		Use:   "role ID|EMAIL customer|support|operator --reason TEXT",
		Short: "Change the role of an account, which ends its sessions",
		Long:  "Change the role of an account, which ends its sessions; its API keys lose what the role does not have." + reach.Whereabouts,
		Args:  cli.Exactly("user role needs an account and a role", 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(std, cmd, args[0], d, func(ctx context.Context, s user.Service, d user.Decision) (user.Account, error) {
				return s.SetRole(ctx, d, user.Role(args[1]))
			})
		},
	}
	addDecision(cmd, &d)
	return cmd
}

// lock returns `amends user lock`, or `amends user unlock`.
func lock(std cli.Stdio, locks bool) *cobra.Command {
	var d user.Decision
	use, short, f := "unlock", "Let a locked account log in again", user.Service.Unlock
	if locks {
		use, short, f = "lock", "End the sessions and API keys of an account, and let none begin", user.Service.Lock
	}
	cmd := &cobra.Command{
		Use:   use + " ID|EMAIL --reason TEXT",
		Short: short,
		Long:  short + "." + reach.Whereabouts,
		Args:  cli.Exactly("user "+use+" needs the id or the address of an account", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(std, cmd, args[0], d, func(ctx context.Context, s user.Service, d user.Decision) (user.Account, error) {
				return f(s, ctx, d)
			})
		},
	}
	addDecision(cmd, &d)
	return cmd
}

// erase returns `amends user erase`.
func erase(std cli.Stdio) *cobra.Command {
	var d user.Decision
	cmd := &cobra.Command{
		Use:   "erase ID|EMAIL --reason TEXT",
		Short: "Remove an account and its personal data everywhere, for an owner who asked for it",
		Long: "Remove an account and its personal data everywhere, for an owner who asked for it: from its orders and the\n" +
			"engine's histories of them, its messages and its cases. Orders and money stay. It is refused while one of its orders\n" +
			"is undecided, and cannot be undone." + reach.Whereabouts,
		Args: cli.Exactly("user erase needs the id or the address of an account", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if d.By, err = cli.Author(d.By); err != nil {
				return err
			}
			return withOrders(std, cmd, func(ctx context.Context, s user.Service) error {
				a, err := find(ctx, s, args[0])
				if err != nil {
					return err
				}
				d.Account = a.ID
				if err := s.EraseAccount(ctx, d); err != nil {
					return err
				}
				_, err = fmt.Fprintf(std.Out, "%s  is erased\n", a.ID)
				return err
			})
		},
	}
	addDecision(cmd, &d)
	return cmd
}

func printAccount(std cli.Stdio, a user.Account) error {
	state := ""
	if a.Locked != "" {
		state = ", locked: " + a.Locked
	}
	_, err := fmt.Fprintf(std.Out, "%s  %s  %s, %s%s, since %s\n", a.ID, a.Email, a.Name, a.Role, state, a.CreatedAt.Format(time.DateTime))
	return err
}
