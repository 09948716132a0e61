package users

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/services/user"
)

// key returns `amends user key`.
func key(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("key", "API keys of accounts, for machines")
	cmd.AddCommand(createKey(std), revokeKey(std))
	return cmd
}

// createKey returns `amends user key create`.
func createKey(std cli.Stdio) *cobra.Command {
	var k user.NewKey
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "create ID|EMAIL --name NAME",
		Short: "Make an API key, and print it for the only time",
		Long: "Make an API key, and print it for the only time. A client sends it as `Authorization: Bearer KEY`. Without\n" +
			"--scope it has all scopes of the account's role." + reach.Whereabouts,
		Args: cli.Exactly("user key create needs the id or the address of an account", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if k.By, err = cli.Author(k.By); err != nil {
				return err
			}
			if lasts > 0 {
				k.Expires = time.Now().Add(lasts)
			}
			return with(std, cmd, func(ctx context.Context, s user.Service) error {
				a, err := find(ctx, s, args[0])
				if err != nil {
					return err
				}
				if k.Account = a.ID; len(k.Scopes) == 0 {
					k.Scopes = a.Role.Scopes()
				}
				_, secret, err := s.CreateKey(ctx, k)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(std.Out, secret)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&k.Name, "name", "", "tells the keys of the account apart")
	cmd.Flags().StringSliceVar(&k.Scopes, "scope", nil, "orders:read, orders:write, account, support, operator; several by commas")
	cmd.Flags().DurationVar(&lasts, "lasts", 0, "how long it is valid, such as 720h; 0: until it is revoked")
	cli.Choices(cmd, "scope", user.Operator.Scopes()...)
	cli.AddAuthor(cmd, &k.By)
	cli.Require(cmd, "name")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// revokeKey returns `amends user key revoke`.
func revokeKey(std cli.Stdio) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "revoke ID|EMAIL KEY-ID",
		Short: "End an API key; a repeat changes nothing",
		Long:  "End an API key by its id, which `amends user show` has, and which stands in the key; a repeat changes nothing." + reach.Whereabouts,
		Args:  cli.Exactly("user key revoke needs an account and the id of a key", 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if by, err = cli.Author(by); err != nil {
				return err
			}
			return with(std, cmd, func(ctx context.Context, s user.Service) error {
				a, err := find(ctx, s, args[0])
				if err != nil {
					return err
				}
				if err := s.RevokeKey(ctx, a.ID, args[1], by); err != nil {
					return err
				}
				_, err = fmt.Fprintf(std.Out, "key %s of %s is revoked\n", args[1], a.ID)
				return err
			})
		},
	}
	cli.AddAuthor(cmd, &by)
	cli.AddDatabaseFlags(cmd)
	return cmd
}
