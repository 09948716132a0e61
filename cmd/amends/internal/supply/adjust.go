package supply

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// adjust returns `amends stock adjust`.
func adjust(std cli.Stdio) *cobra.Command {
	var a inventory.Adjustment
	var units string
	cmd := &cobra.Command{
		Use:   "adjust --sku SKU --warehouse CODE --units ±N --reason TEXT",
		Short: "Correct the available stock, for example after a count",
		Long: "Correct the available stock by a number of units, for example after a count or a theft. The journal keeps\n" +
			"the correction forever, with its reason and author. It takes nothing from orders: units that are reserved\n" +
			"or sold stay.\n\n" +
			"  amends stock adjust --sku MUG-STONEWARE --warehouse BER --units -3 \\\n" +
			"    --reason 'broken' --reference count-2026-11\n\n" +
			"With --reference a repeat changes nothing; without it every call is another correction. After the stock was\n" +
			"changed by SQL, 0 units set it back to the counters that the journal and the reservations explain." + reach.Whereabouts,
		Args: cli.Exactly("stock adjust needs its flags", 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if a.Units, err = number("units", units); err != nil {
				return err
			}
			if a.By, err = cli.Author(a.By); err != nil {
				return err
			}
			var s inventory.Stock
			var repeated bool
			err = withInventory(std, cmd, func(ctx context.Context, i inventory.Direct) (err error) {
				s, repeated, err = i.Adjust(ctx, a)
				return unsure(err, a.SKU)
			})
			if fault.KindOf(err) == fault.Business {
				return fmt.Errorf("%s; nothing was booked", fault.Of(err).Message)
			}
			if err != nil {
				return err
			}
			if repeated {
				if _, err := fmt.Fprintf(std.Out, "reference %s was booked before, and is not booked again\n", a.Reference); err != nil {
					return err
				}
			}
			return printStock(std, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&a.SKU, "sku", "", "the product")
	flags.StringVar(&a.Warehouse, "warehouse", "", "code of the warehouse, for example BER")
	flags.StringVar(&units, "units", "", "units to add, or with a minus to take off; 0: set the stock back to its journal")
	flags.StringVar(&a.Reason, "reason", "", "why, in words; no names of customers, no addresses")
	flags.StringVar(&a.Reference, "reference", "", "key of the count or the case, which is booked once for a SKU and warehouse")
	cli.AddAuthor(cmd, &a.By)
	cli.Require(cmd, "sku", "warehouse", "units", "reason")
	cli.AddDatabaseFlags(cmd)
	return cmd
}
