package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
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
			s, err := worker.ReceiveStock(cmd.Context(), o, args[0], warehouse, quantity, isNew)
			if errors.Is(err, worker.ErrNeverReceived) {
				return fmt.Errorf("%w; is it misspelt? Nothing was booked; give --new if it is the first delivery", err)
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
