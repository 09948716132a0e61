package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/worker"
)

func stockCommand(std stdio) *cobra.Command {
	cmd := group("stock", "Stock in the warehouses")
	var (
		warehouse string
		isNew     bool
	)
	receive := &cobra.Command{
		Use:   "receive SKU QUANTITY --warehouse CODE",
		Short: "Book a delivery; every call is one",
		Args:  exactly("stock receive needs a SKU and a quantity", 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			quantity, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil {
				return fmt.Errorf("quantity %q is not a whole number", args[1])
			}
			o, err := std.tool(cmd, "inventory")
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
			_, err = fmt.Fprintf(std.out, "%s in %s: %d available, %d reserved, %d sold, %d ever received\n",
				s.SKU, s.Warehouse, s.Available, s.Reserved, s.Committed, s.Received)
			return err
		},
	}
	receive.Flags().StringVar(&warehouse, "warehouse", "", "code of the warehouse, for example BER")
	receive.Flags().BoolVar(&isNew, "new", false, "the SKU or the warehouse is new: no delivery ever had it; without, that is refused")
	if err := receive.MarkFlagRequired("warehouse"); err != nil {
		panic(err) // the flag is defined one line above
	}
	config.AddFlags(receive.Flags(), whereKeys...)
	cmd.AddCommand(receive)
	return cmd
}

// tool returns how a tool reaches one service's database: the configured one, or
// that of an `amends dev`.
func (std stdio) tool(cmd *cobra.Command, service string) (worker.Options, error) {
	c, err := std.load(cmd, config.Needs{})
	if err != nil {
		return worker.Options{}, err
	}
	if err := existingDatabases(cmd.Context(), c, service); err != nil {
		return worker.Options{}, err
	}
	return workerOptions(c, []string{service}, nil), nil
}
