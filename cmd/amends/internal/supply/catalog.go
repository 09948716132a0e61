// Package supply has the commands that give a platform something to sell: `amends
// catalog` lists and loads products, `amends stock` shows stock and books deliveries and
// corrections, `amends seed` has the demo data.
package supply

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/services/catalog"
)

// Catalog returns `amends catalog`.
func Catalog(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("catalog", "Products and prices")
	load := &cobra.Command{
		Use:   "import FILE",
		Short: "Insert or replace products, all or none; FILE is a JSON array, - is standard input",
		Long: "Insert or replace products by SKU, all or none. FILE is a JSON array, - is standard input:\n\n" +
			`  [{"sku": "TEA-MINT", "name": "Mint tea", "category": "tea",` + "\n" +
			`    "description": "Whole leaves, 100 g.", "price": {"amount": 499, "currency": "EUR"}, "active": true}]` + "\n\n" +
			"The amount is in minor units (cents). Every field is required but the price, without which a product\n" +
			"cannot be ordered yet, and the description: a product loses the one that it had if the file has none.\n" +
			"The file is read strictly: UTF-8, each field once and spelt as above, no others." + reach.Whereabouts,
		Args: cli.Exactly("catalog import needs a file, or - for standard input", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			in := std.In
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				in = file
			}
			products, err := readProducts(in)
			if err != nil {
				return err
			}
			err = withCatalog(std, cmd, func(ctx context.Context, c catalog.Direct) error { return c.Import(ctx, products) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.Out, "products imported: %d\n", len(products))
			return err
		},
	}
	cli.AddDatabaseFlags(load)
	cmd.AddCommand(listProducts(std), load)
	return cmd
}
