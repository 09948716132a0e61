package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// group returns a command that only holds others. It can run, because cobra lets
// a mistyped name of one of them pass else, with the help and no error.
func group(name, short string) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// exactly accepts n arguments, and else says what they are.
func exactly(needs string, n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fmt.Errorf("%s, and nothing else: %s", needs, cmd.UseLine())
	}
}
