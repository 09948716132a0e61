package supply

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/inventory"
)

// journal returns `amends stock journal`.
func journal(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "journal SKU",
		Short: "Show every delivery and correction of a product",
		Long:  "Show every delivery and correction of a product." + reach.Whereabouts,
		Args:  cli.Exactly("stock journal needs a SKU", 1),

		ValidArgsFunction: completeSKU(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			var entries []inventory.Entry
			err := withInventory(std, cmd, func(ctx context.Context, i inventory.Direct) (err error) {
				entries, err = i.Journal(ctx, args[0])
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return show.JSON(std.Out, entries)
			}
			t := show.NewTable(
				show.Text("Warehouse"), show.Number("Entry").Dispensable(1), show.Moment("At"), show.Text("Kind").Dispensable(2), show.Number("Units"),
				show.Prose("By"), show.Prose("Reason"), show.Prose("Reference"),
			)
			for _, e := range entries {
				t.Row(e.Warehouse, e.Position, show.Second(e.At), e.Kind, fmt.Sprintf("%+d", e.Units), e.By, e.Reason, e.Reference)
			}
			return std.Screen(cmd).Tables(t)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}
