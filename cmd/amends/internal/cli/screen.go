package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/show"
)

// AddColor adds the flag --color, which every command inherits from root.
func AddColor(root *cobra.Command) {
	root.PersistentFlags().String("color", string(show.Auto), "color states: "+strings.Join(show.Colors, ", ")+" (auto: on a terminal, unless NO_COLOR is set)")
	Choices(root, "color", show.Colors...)
}

// CheckColor refuses an unknown value of --color.
func CheckColor(cmd *cobra.Command) error {
	if given := color(cmd); !slices.Contains(show.Colors, given) {
		return fmt.Errorf("color: must be one of %s, is %.40q", strings.Join(show.Colors, ", "), given)
	}
	return nil
}

// color returns the value of --color; a command of a test may have no such flag.
func color(cmd *cobra.Command) string {
	if f := cmd.Flag("color"); f != nil {
		return f.Value.String()
	}
	return string(show.Auto)
}

// Screen returns where cmd shows its results.
func (std Stdio) Screen(cmd *cobra.Command) show.Screen {
	return show.On(std.Out, std.Err, std.Environ, show.Color(color(cmd)))
}

// Aside returns where cmd shows what is no result: beside the results, which a script reads.
func (std Stdio) Aside(cmd *cobra.Command) show.Screen {
	return show.On(std.Err, std.Err, std.Environ, show.Color(color(cmd)))
}
