package cli

import "github.com/spf13/cobra"

// Choices has a shell complete the values of a flag of cmd. It panics without the flag.
func Choices(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// Statuses are the values of a flag --status.
var Statuses = []string{"PENDING", "CONFIRMED", "CANCELLED"}
