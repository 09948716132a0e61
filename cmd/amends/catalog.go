package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/worker"
)

func catalogCommand(std stdio) *cobra.Command {
	cmd := group("catalog", "Products and prices")
	load := &cobra.Command{
		Use:   "import FILE",
		Short: "Insert or replace products, all or none; FILE is a JSON array, - is standard input",
		Long: "Insert or replace products by SKU, all or none. FILE is a JSON array, - is standard input:\n\n" +
			`  [{"sku": "TEA-MINT", "name": "Mint tea", "category": "tea",` + "\n" +
			`    "price": {"amount": 499, "currency": "EUR"}, "active": true}]`,
		Args: exactly("catalog import needs a file, or - for standard input", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			in := std.in
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				in = file
			}
			products, err := catalog.ReadProducts(in)
			if err != nil {
				return err
			}
			o, err := std.tool(cmd, "catalog")
			if err != nil {
				return err
			}
			if err := worker.WithCatalog(cmd.Context(), o, func(c catalog.Service) error { return c.Import(cmd.Context(), products) }); err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.out, "products imported: %d\n", len(products))
			return err
		},
	}
	config.AddFlags(load.Flags(), whereKeys...)
	cmd.AddCommand(load)
	return cmd
}
