package orders

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	service "github.com/amends/amends/services/order"
)

// Quoter prices orders.
type Quoter interface {
	// Quote returns the lines with their present prices, and the total. Nothing is recorded.
	// Codes: UNKNOWN_SKU, CURRENCY_MISMATCH, AMOUNT_OVERFLOW, UNAVAILABLE.
	Quote(ctx context.Context, currency string, lines []contract.LineRequest) ([]contract.Line, contract.Money, error)
}

// dryRun answers a valid placement with the order as it would be, and places nothing. A line
// that cannot be priced cancels an order, so the answer is one that is cancelled.
func (h *Handlers) dryRun(ctx context.Context, body contract.PlaceOrder, as placing) (contract.PlaceOrderResponseObject, error) {
	now := time.Now().UTC()
	o := contract.Order{
		Id: as.id, CustomerId: Optional(as.customer), Currency: Optional(body.Currency), Status: string(service.Pending),
		Style: cmp.Or(body.Style, contract.Style(service.Orchestrated)), CreatedAt: now, UpdatedAt: now, Source: contract.SourceQuote,
		Lines: []contract.Line{}, Attention: []contract.Attention{}, Steps: []contract.Step{}, Parcels: []contract.Parcel{},
	}
	lines, total, err := h.quoter.Quote(ctx, body.Currency, body.Lines)
	switch reason, known := refusal(err); {
	case known:
		o.Status, o.Reason = string(service.Cancelled), Optional(string(reason))
		for _, l := range body.Lines {
			o.Lines = append(o.Lines, contract.Line{Sku: l.Sku, Quantity: l.Quantity})
		}
	case err != nil:
		return nil, fmt.Errorf("price an order that is tried: %w", err)
	default:
		o.Lines, o.Total = lines, &total
	}
	return contract.PlaceOrder200JSONResponse{Body: o, Headers: contract.PlaceOrder200ResponseHeaders{AmendsDryRun: new("true")}}, nil
}

// refusal returns the reason of an order that is cancelled because it cannot be priced.
func refusal(err error) (service.Reason, bool) {
	if fault.KindOf(err) != fault.Business {
		return "", false
	}
	reason, err := service.ParseReason(string(fault.CodeOf(err)))
	return reason, err == nil
}
