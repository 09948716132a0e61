package orders

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
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
	"github.com/amends/amends/workflows"
)

// showInvoice returns `amends order invoice`.
func showInvoice(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "invoice ID",
		Short: "Show the invoice of a confirmed order, and what was paid back",
		Long: "Show the invoice of a confirmed order, and what was paid back. The order and the payment service have it; the\n" +
			"engine is not asked." + reach.Whereabouts,
		Args: cli.Exactly("order invoice needs the order's id", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := readInvoice(std, cmd, strings.TrimPrefix(args[0], workflows.WorkflowID("")))
			switch {
			case err != nil:
				return fmt.Errorf("invoice of order %q: %w", args[0], err)
			case asJSON:
				return show.JSON(std.Out, made)
			}
			_, err = fmt.Fprintln(std.Out, invoiceTable(made).Render())
			return err
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

func invoiceTable(i invoice.Invoice) table.Writer {
	t := show.Table()
	t.AppendRow(table.Row{"Invoice", i.Number})
	t.AppendRow(table.Row{"Issued", show.Stamp(i.IssuedAt)})
	t.AppendRow(table.Row{"Order", i.OrderID})
	t.AppendRow(table.Row{"Customer", i.CustomerID})
	for _, l := range i.Lines {
		t.AppendRow(table.Row{"Line", fmt.Sprintf("%d × %s at %s: %s", l.Quantity, l.SKU, l.UnitPrice, l.Total)})
	}
	t.AppendRow(table.Row{"Total, paid", i.Total})
	for _, c := range i.Credits {
		t.AppendRow(table.Row{"Refund", fmt.Sprintf("%s at %s: %s", c.Refund, show.Stamp(c.At), c.Amount.Neg())})
	}
	t.AppendRow(table.Row{"Remaining", i.Remaining})
	return t
}
