package cli

import (
	"fmt"
	"os/user"

	"github.com/spf13/cobra"
)

// AddAuthor adds the flag --by.
func AddAuthor(cmd *cobra.Command, by *string) {
	cmd.Flags().StringVar(by, "by", "", "who does it (default: the user of this machine)")
}

// Author returns the author of an entry: the given one, else the user of the process.
func Author(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("give --by, the author of the entry: %w", err)
	}
	return u.Username, nil
}
