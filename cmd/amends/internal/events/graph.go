package events

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/reactions"
)

// graph returns `amends events graph`.
func graph(std cli.Stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "graph",
		Short: "Print which service does what when it hears a fact, as Mermaid",
		Long: "Print which service does what when it hears a fact of a choreographed order, as a flow chart in the\n" +
			"language of Mermaid (https://mermaid.js.org). docs/choreography.md shows it.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := fmt.Fprint(std.Out, reactions.Choreography().Mermaid()); err != nil {
				return fmt.Errorf("print the graph: %w", err)
			}
			return nil
		},
	}
}
