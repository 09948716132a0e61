// Package certs has the commands `amends certs`, a small certificate authority for
// platforms that have no other.
package certs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/identity/issuer"
)

// day is the unit of these lives.
const day = 24 * time.Hour

const help = `A certificate authority for the processes of one environment.

  amends certs init --env production              # the authority and its bundle
  amends certs issue --env production             # a certificate for each name
  amends certs issue --env production --every 8h  # and again and again
  amends certs rotate --env production            # announces the next authority

A rotate that is repeated later replaces the old authority. Names are those of the services, the API and the operators.

--dir has the authority's key: only the process that issues may read it. --out has bundle.pem and, for
each name, NAME.pem with the certificate and its key: hand each process its own, and the bundle.
Processes read changed files by themselves. docs/identity.md has the whole procedure.`

// Command returns `amends certs`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("certs", "Issue and rotate the certificates of processes")
	cmd.Long = help
	c := issuer.Config{Now: time.Now}
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.Dir, "dir", filepath.Join(".amends", "authority"), "folder of the authority and its key")
	flags.StringVar(&c.Out, "out", filepath.Join(".amends", "certificates"), "folder of the certificates")
	flags.StringVar(&c.Env, "env", "dev", "environment that the certificates name")
	flags.DurationVar(&c.Life, "life", day, "how long a certificate is valid; the same for issue and rotate")
	cmd.AddCommand(initialize(std, &c), issue(std, &c), rotate(std, &c))
	return cmd
}

// with runs f with the issuer of a command.
func with(c *issuer.Config, f func(*issuer.Issuer) error) (err error) {
	if c.Life < time.Minute {
		return errors.New("certs: --life must be at least 1m")
	}
	i, err := issuer.Open(*c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	return f(i)
}

func rootLife(cmd *cobra.Command, c *issuer.Config) {
	const years = 5 * 365
	cmd.Flags().DurationVar(&c.RootLife, "root-life", years*day, "how long the new authority is valid")
}

func initialize(std cli.Stdio, c *issuer.Config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the authority",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return with(c, func(i *issuer.Issuer) error {
				if err := i.Init(); err != nil {
					return err
				}
				_, err := fmt.Fprintf(std.Out, "the authority of %s is in %s: keep it from all other processes\n", c.Env, c.Dir)
				return err
			})
		},
	}
	rootLife(cmd, c)
	return cmd
}

func issue(std cli.Stdio, c *issuer.Config) *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "issue [NAME…]",
		Short: "Issue certificates; without names for every service, the API and the operators",
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = cli.Callers()
			}
			if every < 0 || every > c.Life/2 {
				return fmt.Errorf("certs: --every must be at most half of --life (%s)", c.Life)
			}
			return repeat(cmd.Context(), every, std.Err, func() error {
				return with(c, func(i *issuer.Issuer) error { return issueOnce(std.Out, c, i, names) })
			})
		},
	}
	cmd.Flags().DurationVar(&every, "every", 0, "issue again after this time, until stopped; 0: once")
	return cmd
}

func issueOnce(out io.Writer, c *issuer.Config, i *issuer.Issuer, names []string) error {
	if err := i.Issue(names...); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := fmt.Fprintf(out, "%s: %s\n", name, filepath.Join(c.Out, name+".pem")); err != nil {
			return err
		}
	}
	return nil
}

// repeat does a job once, or every so often until ctx ends. Between two jobs the folder
// is free for a rotation. Only the first failure ends it: a later one leaves
// certificates that are valid until the next.
func repeat(ctx context.Context, every time.Duration, errs io.Writer, job func() error) error {
	if err := job(); err != nil || every == 0 {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := job(); err != nil {
			fmt.Fprintln(errs, err)
		}
	}
}

func rotate(std cli.Stdio, c *issuer.Config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the authority, in two parts",
		Long: "Announce the next authority in the bundle. Repeated after --settle, when every process has read the bundle,\n" +
			"replace the old one; issue then, so that every certificate is by the new one. The old one is trusted until its\n" +
			"last certificate has ended.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return with(c, func(i *issuer.Issuer) error {
				stage, err := i.Rotate()
				if err != nil {
					return err
				}
				text := "the authority was replaced: run amends certs issue now\n"
				if stage == issuer.Announced {
					text = fmt.Sprintf("the next authority is announced: hand out the bundle, and run amends certs rotate again after %s\n", c.Settle)
				}
				_, err = io.WriteString(std.Out, text)
				return err
			})
		},
	}
	const settle = 5 * time.Minute
	cmd.Flags().DurationVar(&c.Settle, "settle", settle, "how long every process has to read the bundle")
	rootLife(cmd, c)
	return cmd
}
