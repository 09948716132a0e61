package cli

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

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
		fmt.Fprintln(cmd.OutOrStdout(), fitted(reflowed(text, width), width)+"\n")
		fmt.Fprint(cmd.OutOrStdout(), fitted(cmd.UsageString(), width))
	})
}

// reflowed returns a text with lines of a width. Paragraphs with indented lines, which are
// examples and lists, keep their lines.
func reflowed(text string, width int) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") && !strings.Contains(p, "\n ") {
			paragraphs[i] = show.Wrapped(strings.ReplaceAll(p, "\n", " "), width)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// firstColumn matches the first of two columns, such as a command beside its description.
var firstColumn = regexp.MustCompile(`^ *\S+(?: \S+)* {2,}`)

// fitted returns a text whose lines are at most so wide. A wider one goes on below its second
// column, or indented if it has none. A shell command would be cut by that: its author fits it.
func fitted(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if utf8.RuneCountInString(line) > width {
			lines[i] = hanging(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

// hanging returns a line wrapped to a width.
func hanging(line string, width int) string {
	const deeper = 4
	head := firstColumn.FindString(line)
	indent := utf8.RuneCountInString(head)
	if indent == 0 || indent > width/2 {
		head = line[:len(line)-len(strings.TrimLeft(line, " "))]
		indent = len(head) + deeper
	}
	rest := show.Wrapped(strings.TrimPrefix(line, head), width-indent)
	return head + strings.ReplaceAll(rest, "\n", "\n"+strings.Repeat(" ", indent))
}
