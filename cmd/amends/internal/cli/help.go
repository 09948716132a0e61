package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/show"
)

// Lines of help are as wide as the terminal, but no wider than is read with ease; in a pipe
// as wide as a narrow terminal.
const (
	widestHelp = 100
	pipedHelp  = 80
)

// FitHelp has the help of all commands below root fit the terminal.
func (std Stdio) FitHelp(root *cobra.Command) {
	width := min(std.Screen(root).Width, widestHelp)
	if width == 0 {
		width = pipedHelp
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", fmt.Sprintf("FlagUsagesWrapped %d", width)))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		text := cmd.Long
		if text == "" {
			text = cmd.Short
		}
		fmt.Fprintln(cmd.OutOrStdout(), reflowed(text, width)+"\n")
		fmt.Fprint(cmd.OutOrStdout(), cmd.UsageString())
	})
}

// reflowed returns a text with lines of a width. Paragraphs with indented lines, which are
// examples and lists, stay as they are.
func reflowed(text string, width int) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") && !strings.Contains(p, "\n ") {
			paragraphs[i] = show.Wrapped(strings.ReplaceAll(p, "\n", " "), width)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}
