package supply

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/catalog"
)

// listProducts returns `amends catalog list`.
func listProducts(std cli.Stdio) *cobra.Command {
	var asJSON bool
	var after string
	limit := 100
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List products with their prices, by SKU",
		Long:  "List products with their prices, by SKU, those off sale included." + reach.Whereabouts,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return errors.New("catalog list: --limit must be at least 1")
			}
			found := []catalog.Product{}
			err := withCatalog(std, cmd, func(ctx context.Context, c catalog.Direct) (err error) {
				found, err = products(ctx, c, after, limit+1)
				return err
			})
			if err != nil {
				return err
			}
			shown := found[:min(limit, len(found))]
			if asJSON {
				return show.JSON(std.Out, shown)
			}
			if err := std.Screen(cmd).Tables(productTable(shown)); err != nil || len(found) == len(shown) {
				return err
			}
			return std.Screen(cmd).Note("there are more: --after %s", shown[len(shown)-1].SKU)
		},
	}
	cmd.Flags().StringVar(&after, "after", "", "begin behind this SKU")
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// products returns up to limit products with greater SKUs than after.
func products(ctx context.Context, c catalog.Direct, after string, limit int) (all []catalog.Product, err error) {
	all = []catalog.Product{}
	for len(all) < limit {
		size := min(catalog.MaxPage, limit-len(all))
		page, err := c.Products(ctx, after, size)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < size {
			break
		}
		after = page[len(page)-1].SKU
	}
	return all, nil
}

func productTable(all []catalog.Product) *show.Table {
	t := show.NewTable(show.Text("SKU"), show.Prose("Name"), show.Text("Category").Dispensable(1), show.Number("Price"), show.Text("On sale"))
	for _, p := range all {
		price, sale := "none yet", show.State("yes")
		if p.Price.Currency != "" {
			price = p.Price.String()
		}
		if !p.Active {
			sale = "no"
		}
		t.Row(p.SKU, p.Name, p.Category, price, sale)
	}
	return t
}

// mostCompletions is the largest number of products that a completion looks at.
const mostCompletions = 200

// completeSKU completes the SKU of a product as the first argument, with its name beside it.
func completeSKU(std cli.Stdio) cobra.CompletionFunc {
	return cli.First(func(cmd *cobra.Command, typed string) (skus []cobra.Completion, _ error) {
		err := withCatalog(std, cmd, func(ctx context.Context, c catalog.Direct) error {
			all, err := products(ctx, c, "", mostCompletions)
			for _, p := range all {
				if strings.HasPrefix(p.SKU, typed) {
					skus = append(skus, cobra.CompletionWithDesc(p.SKU, p.Name))
				}
			}
			return err
		})
		return skus, err
	})
}
