package orders

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/refund"
	paymentrpc "github.com/amends/amends/services/payment/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// showInvoice returns `amends order invoice`.
func showInvoice(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "invoice ID",
		Short: "Show the invoice of a confirmed order, and what was paid back",
		Long: "Show the invoice of a confirmed order, and what was paid back. The order and the payment service have it; the\n" +
			"engine is not asked." + reach.Naming + reach.Whereabouts,
		Args:              cli.Exactly("order invoice needs the order's id", 1),
		ValidArgsFunction: reach.CompleteOrder(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := reach.OrderID(std, cmd, args[0])
			if err != nil {
				return err
			}
			made, err := readInvoice(std, cmd, id)
			switch {
			case err != nil:
				return fmt.Errorf("invoice of order %q: %w", args[0], err)
			case asJSON:
				return show.JSON(std.Out, made)
			}
			return std.Screen(cmd).Tables(invoiceTable(made))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the invoice as JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// readInvoice asks the owners of its parts, the payment service last.
func readInvoice(std cli.Stdio, cmd *cobra.Command, id string) (invoice.Invoice, error) {
	rec, err := readRecord(std, cmd, id)
	if err != nil {
		return invoice.Invoice{}, err
	}
	found, err := read.OfRecord(rec)
	if err != nil {
		return invoice.Invoice{}, err
	}
	if err := invoice.Due(found); err != nil {
		return invoice.Invoice{}, err
	}
	var paid payment.Summary
	var refunds []refund.Record
	ask := func(ctx context.Context, p payment.Direct) (err error) {
		if paid, err = p.Get(ctx, id); err == nil {
			refunds, err = p.Refunds(ctx, id)
		}
		return err
	}
	err = reach.Service(std, cmd, "payment",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return ask(ctx, paymentrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.With(ctx, o, "payment", func(s *registry.Stores) error { return ask(ctx, s.Payments()) })
		})
	if err != nil {
		return invoice.Invoice{}, err
	}
	return invoice.Of(found, paid, refunds)
}

func invoiceTable(i invoice.Invoice) *show.Table {
	t := show.Pairs()
	t.Row("Invoice", i.Number)
	t.Row("Issued", show.Stamp(i.IssuedAt))
	t.Row("Order", i.OrderID)
	t.Row("Customer", i.CustomerID)
	for _, l := range i.Lines {
		t.Row("Line", fmt.Sprintf("%d × %s at %s: %s", l.Quantity, l.SKU, l.UnitPrice, l.Total))
	}
	t.Row("Total, paid", i.Total)
	for _, c := range i.Credits {
		t.Row("Refund", fmt.Sprintf("%s at %s: %s", c.Refund, show.Stamp(c.At), c.Amount.Neg()))
	}
	t.Row("Remaining", i.Remaining)
	return t
}
