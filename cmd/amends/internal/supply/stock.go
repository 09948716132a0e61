package supply

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/worker"
)

// Stock returns `amends stock`.
func Stock(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("stock", "Stock in the warehouses")
	var (
		warehouse string
		isNew     bool
	)
	receive := &cobra.Command{
		Use:   "receive SKU QUANTITY --warehouse CODE",
		Short: "Book a delivery; every call books another one",
		Args:  cli.Exactly("stock receive needs a SKU and a quantity", 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			quantity, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil {
				return fmt.Errorf("quantity %q is not a whole number", args[1])
			}
			o, err := dsn.Tool(std, cmd, "inventory")
			if err != nil {
				return err
			}
			var s inventory.Stock
			err = worker.WithInventory(cmd.Context(), o, func(i inventory.Service) (err error) {
				s, err = i.Receive(cmd.Context(), inventory.Delivery{SKU: args[0], Warehouse: warehouse, Quantity: quantity, Known: !isNew})
				return err
			})
			if fault.CodeOf(err) == inventory.NeverReceived {
				return fmt.Errorf("%s; is it misspelt? Nothing was booked; give --new if it is the first delivery", fault.Of(err).Message)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.Out, "%s in %s: %d available, %d reserved, %d sold, %d ever received\n",
				s.SKU, s.Warehouse, s.Available, s.Reserved, s.Committed, s.Received)
			return err
		},
	}
	receive.Flags().StringVar(&warehouse, "warehouse", "", "code of the warehouse, for example BER")
	receive.Flags().BoolVar(&isNew, "new", false, "the first delivery of the SKU or to the warehouse, which is refused without this flag")
	if err := receive.MarkFlagRequired("warehouse"); err != nil {
		panic(err) // the flag is defined one line above
	}
	cli.AddDatabaseFlags(receive)
	cmd.AddCommand(receive)
	return cmd
}
