package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// Choices has a shell complete the values of a flag of cmd. It panics without the flag.
func Choices(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// Statuses are the values of a flag --status.
var Statuses = []string{"PENDING", "CONFIRMED", "CANCELLED"}

// First completes the first argument by an ask, which gets the text typed so far. The context of
// the command ends with the time for it. An ask that fails completes nothing.
func First(ask func(cmd *cobra.Command, typed string) ([]cobra.Completion, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second) // a person waits
		defer cancel()
		cmd.SetContext(ctx)
		found, err := ask(cmd, typed)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
