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

// showStock returns `amends stock show`.
func showStock(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "show SKU",
		Short:             "Show the stock of a product in every warehouse",
		Long:              "Show the stock of a product in every warehouse." + reach.Whereabouts,
		Args:              cli.Exactly("stock show needs a SKU", 1),
		ValidArgsFunction: completeSKU(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []inventory.Stock
			err := withInventory(std, cmd, func(ctx context.Context, i inventory.Direct) (err error) {
				all, err = i.Stock(ctx, args[0])
				return err
			})
			switch {
			case err != nil:
				return err
			case asJSON:
				return show.JSON(std.Out, all)
			case len(all) == 0:
				return fmt.Errorf("no warehouse has ever received %q", args[0])
			}
			t := show.NewTable(show.Text("Warehouse"), show.Number("Available"), show.Number("Reserved"), show.Number("Sold"), show.Number("Ever received"))
			for _, s := range all {
				t.Row(s.Warehouse, s.Available, s.Reserved, s.Committed, s.Received)
			}
			return std.Screen(cmd).Tables(t)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}
