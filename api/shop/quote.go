package shop

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

// maxAsked is how many products are asked for at a time.
const maxAsked = 8

// Quote prices the lines of an order at present prices, as the catalog does for an order that
// is placed, and records nothing. Codes: UNKNOWN_SKU, CURRENCY_MISMATCH, AMOUNT_OVERFLOW,
// UNAVAILABLE.
func (r *Reader) Quote(ctx context.Context, currency string, lines []contract.LineRequest) ([]contract.Line, contract.Money, error) {
	found := make([]catalog.Product, len(lines))
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(maxAsked)
	for i, l := range lines {
		all.Go(gather.Guard(func() (err error) {
			if found[i], err = r.Product(within, l.Sku); fault.CodeOf(err) == fault.NotFound {
				return nil // Price refuses it
			}
			return err
		}))
	}
	if err := all.Wait(); err != nil {
		return nil, contract.Money{}, Unanswered(err, "The prices cannot be read right now.")
	}
	req, products := catalog.QuoteRequest{Currency: money.Currency(currency)}, map[string]catalog.Product{}
	for i, l := range lines {
		products[l.Sku] = found[i]
		req.Lines = append(req.Lines, catalog.Line{SKU: l.Sku, Quantity: l.Quantity})
	}
	quote, err := catalog.Price(req, products)
	if err != nil {
		return nil, contract.Money{}, fmt.Errorf("price an order: %w", err)
	}
	out := make([]contract.Line, len(quote.Lines))
	for i, l := range quote.Lines {
		out[i] = contract.Line{Sku: l.SKU, Quantity: l.Quantity, UnitPrice: &contract.Money{Amount: l.UnitPrice.Minor, Currency: string(l.UnitPrice.Currency)}}
	}
	return out, contract.Money{Amount: quote.Total.Minor, Currency: string(quote.Total.Currency)}, nil
}
