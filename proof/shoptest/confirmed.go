package shoptest

import (
	"context"
	"errors"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/shipping"
)

// Total is the price of the order of [Shop.Confirm].
var Total = money.New(12600, "EUR")

// Confirm makes a confirmed order of two mugs and a kettle, by the steps of its saga.
func (s *Shop) Confirm(ctx context.Context, id string) error {
	k := func(step string) key.Key { return key.New(id, step) }
	pay := outside.New(s.Payments, s.Provider, outside.Options{})
	lines := []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}}
	_, created := s.Orders.Create(ctx, k("order.create"), order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
	})
	reservation, reserved := s.Inventory.Reserve(ctx, k("inventory.reserve"), inventory.ReserveRequest{Lines: lines})
	_, held := pay.Authorize(ctx, k("payment.authorize"), payment.AuthorizeRequest{Amount: Total, Token: "tok_visa"})
	book := shipping.BookRequest{ShipTo: shipping.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}}
	for _, p := range reservation.Parcels {
		parcel := shipping.Parcel{Warehouse: p.Warehouse}
		for _, l := range p.Lines {
			parcel.Lines = append(parcel.Lines, shipping.Line(l))
		}
		book.Parcels = append(book.Parcels, parcel)
	}
	_, booked := shipping.New(s.Shipments, s.Carrier, shipping.Options{}).Book(ctx, k("shipping.book"), book)
	_, captured := pay.Capture(ctx, k("payment.capture"), payment.CaptureRequest{Amount: Total})
	_, committed := s.Inventory.Commit(ctx, k("inventory.commit"))
	_, confirmed := s.Orders.Confirm(ctx, k("order.confirm"), order.Closing{Total: &Total})
	return errors.Join(created, reserved, held, booked, captured, committed, confirmed)
}
