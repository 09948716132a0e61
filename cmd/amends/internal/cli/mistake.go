package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Mistaken adds to the error of a command line that cmd could not run the command that
// explains it. The exit code stays.
func Mistaken(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\nsee `%s --help`", err, cmd.CommandPath())
}

// FlagError adds the flags to the error of an unknown one that may have been meant.
func FlagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return meant(err, near(names, unknown.GetSpecifiedName()), "--")
}

// subcommand refuses the arguments of a command that has nothing but subcommands.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	return meant(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()), near(names, args[0]), "")
}

// meant adds what may have been meant to an error.
func meant(err error, names []string, before string) error {
	if len(names) == 0 {
		return err
	}
	return fmt.Errorf("%w; did you mean %s%s?", err, before, strings.Join(names, " or "+before))
}

// near returns the names that a mistyped one is near to: few letters differ, or it is the
// beginning of the name.
func near(names []string, mistyped string) []string {
	all := &cobra.Command{SuggestionsMinimumDistance: 2} // its library knows how near
	for _, name := range names {
		all.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	return all.SuggestionsFor(mistyped)
}
