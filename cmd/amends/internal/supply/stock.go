package supply

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// Stock returns `amends stock`.
func Stock(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("stock", "Stock in the warehouses")
	cmd.AddCommand(showStock(std), receive(std), adjust(std), journal(std))
	return cmd
}

// receive returns `amends stock receive`.
func receive(std cli.Stdio) *cobra.Command {
	var d inventory.Delivery
	var isNew bool
	cmd := &cobra.Command{
		Use:   "receive SKU QUANTITY --warehouse CODE",
		Short: "Book a delivery; every call books another one",
		Long:  "Book a delivery; every call books another one." + reach.Whereabouts,
		Args:  cli.Exactly("stock receive needs a SKU and a quantity", 2),

		ValidArgsFunction: completeSKU(std),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			d.SKU, d.Known = args[0], !isNew
			if d.Quantity, err = number("quantity", args[1]); err != nil {
				return err
			}
			if d.By, err = cli.Author(d.By); err != nil {
				return err
			}
			var s inventory.Stock
			err = withInventory(std, cmd, func(ctx context.Context, i inventory.Direct) (err error) {
				s, err = i.Receive(ctx, d)
				return unsure(err, d.SKU)
			})
			if fault.CodeOf(err) == inventory.NeverReceived {
				return fmt.Errorf("%s; is it misspelt? Nothing was booked; give --new if it is the first delivery", fault.Of(err).Message)
			}
			if err != nil {
				return err
			}
			return printStock(std, s)
		},
	}
	cmd.Flags().StringVar(&d.Warehouse, "warehouse", "", "code of the warehouse, for example BER")
	cmd.Flags().BoolVar(&isNew, "new", false, "the first delivery of the SKU or to the warehouse, which is refused without this flag")
	cli.AddAuthor(cmd, &d.By)
	cli.Require(cmd, "warehouse")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// unsure adds whether a booking may have been made that failed otherwise than by a refusal.
func unsure(err error, sku string) error {
	switch {
	case err == nil || fault.KindOf(err) == fault.Business:
		return err
	case never(fault.Of(err)):
		return fmt.Errorf("%w; nothing was booked", err)
	}
	return fmt.Errorf("%w; it may have been booked: look at `amends stock journal %s` before you repeat it", err, sku)
}

// never reports whether a call that failed had no effect: by its code, or because it was
// not sent. Kind unknown overrides both: an earlier attempt of the call was lost. A fault
// that a service answered has no status in its chain, and a database that it lost may have
// committed.
func never(f *fault.Error) bool {
	if f.Kind == fault.Unknown {
		return false
	}
	_, ofConnection := status.FromError(f)
	return ofConnection || f.Code == fault.Denied || f.Code == fault.Locked
}

func number(name, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a whole number", name, text)
	}
	return n, nil
}

func printStock(std cli.Stdio, s inventory.Stock) error {
	_, err := fmt.Fprintf(std.Out, "%s in %s: %d available, %d reserved, %d sold, %d ever received\n",
		s.SKU, s.Warehouse, s.Available, s.Reserved, s.Committed, s.Received)
	return err
}
