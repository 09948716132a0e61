package sight

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/shipping"
)

// The parts of an order's holdings, and of the overview. An order is shown without those that do not answer in
// time.
const (
	partPayment   = "payment"
	partLedger    = "ledger"
	partStock     = "stock"
	partShipments = "shipments"

	within = time.Second
)

var policies = map[string]gather.Policy{
	partPayment: {Within: within}, partLedger: {Within: within}, partStock: {Within: within}, partShipments: {Within: within},
}

func (s *Sights) getHoldings(c echo.Context) error {
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	out := contract.Holdings{Shipments: []contract.Shipment{}}
	missing, err := gather.Gather(c.Request().Context(), policies,
		gather.Of(partPayment, func(ctx context.Context) (*contract.Payment, error) { return s.payment(ctx, id) },
			func(p *contract.Payment) { out.Payment = p }),
		gather.Of(partLedger, func(ctx context.Context) ([]posting.Set, error) { return s.config.Records.Postings(ctx, id) },
			func(all []posting.Set) { out.Postings = new(renderPostings(all)) }),
		gather.Of(partStock, func(ctx context.Context) ([]inventory.Reserved, error) { return s.config.Records.Reserved(ctx, id) },
			func(all []inventory.Reserved) { out.Reservations = new(renderReservations(all)) }),
		gather.Of(partShipments, func(ctx context.Context) ([]shipping.Shipment, error) { return s.config.Records.Shipments(ctx, id) },
			func(all []shipping.Shipment) { out.Shipments = renderShipments(all) }))
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	out.Missing = absent(missing)
	return c.JSON(http.StatusOK, out)
}

// payment returns the payment of an order, nil if it has none.
func (s *Sights) payment(ctx context.Context, id string) (*contract.Payment, error) {
	p, err := s.config.Records.Payment(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return nil, nil
	case err != nil:
		return nil, err //nolint:wrapcheck // a fault
	}
	return renderPayment(p), nil
}

func renderPayment(p payment.Summary) *contract.Payment {
	return &contract.Payment{
		State: string(p.State), Amount: contract.Money{Amount: p.Amount.Minor, Currency: string(p.Amount.Currency)},
		Captured: p.Captured, Refunded: p.Refunded,
		InvoiceNumber: apiorders.Optional(p.InvoiceNumber), DeclineCode: apiorders.Optional(string(p.DeclineCode)),
	}
}

func renderPostings(all []posting.Set) []contract.PostingSet {
	out := make([]contract.PostingSet, len(all))
	for i, s := range all {
		out[i] = contract.PostingSet{At: s.CreatedAt.UTC(), Kind: string(s.Kind), Lines: []contract.PostingLine{}}
		for _, l := range s.Lines {
			amount := contract.Money{Amount: l.Amount.Minor, Currency: string(l.Amount.Currency)}
			out[i].Lines = append(out[i].Lines, contract.PostingLine{Account: string(l.Account), Amount: amount})
		}
	}
	return out
}

func renderReservations(all []inventory.Reserved) []contract.Reservation {
	out := make([]contract.Reservation, len(all))
	for i, r := range all {
		out[i] = contract.Reservation{
			Step: r.Key.Step, State: string(r.State), TakenBack: r.TakenBack, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), Lines: []contract.ReservationLine{},
		}
		for _, p := range r.Reservation.Parcels {
			for _, l := range p.Lines {
				out[i].Lines = append(out[i].Lines, contract.ReservationLine{Sku: l.SKU, Warehouse: p.Warehouse, Quantity: l.Quantity})
			}
		}
	}
	return out
}

func renderShipments(all []shipping.Shipment) []contract.Shipment {
	out := make([]contract.Shipment, len(all))
	for i, p := range all {
		out[i] = contract.Shipment{
			Warehouse: p.Warehouse, State: string(p.State), Carrier: apiorders.Optional(p.Carrier), TrackingNumber: apiorders.Optional(p.TrackingNumber),
		}
	}
	return out
}

// absent renders the parts that are missing, nil if all are there.
func absent(parts []gather.Missing) *contract.Missing {
	if len(parts) == 0 {
		return nil
	}
	out := contract.Missing{}
	for _, p := range parts {
		out = append(out, contract.MissingPart{Part: p.Part, Code: string(p.Code)})
	}
	return &out
}
