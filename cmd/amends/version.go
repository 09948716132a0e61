package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
)

func versionCommand(std cli.Stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(std.Out, version())
			return err
		},
	}
}

// version returns the version and the revision from the build information.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "amends, unknown build"
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = ", revision " + s.Value
		}
	}
	return "amends " + info.Main.Version + ", " + info.GoVersion + revision
}
