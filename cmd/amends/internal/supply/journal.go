package supply

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
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
			t := show.Table("Reason")
			t.AppendHeader(table.Row{"Warehouse", "Entry", "At", "Kind", "Units", "By", "Reason", "Reference"})
			for _, e := range entries {
				t.AppendRow(table.Row{
					e.Warehouse, e.Position, e.At.Format(time.DateTime), e.Kind, fmt.Sprintf("%+d", e.Units), e.By, e.Reason, e.Reference,
				})
			}
			_, err = fmt.Fprintln(std.Out, t.Render())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}
