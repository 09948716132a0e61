package invoice

import (
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/services/order"
)

// render returns an invoice as the contract has it. Lists are never null.
func render(i invoice.Invoice, p parts, s Seller) contract.Invoice {
	out := contract.Invoice{
		Number: i.Number, IssuedAt: i.IssuedAt, OrderId: i.OrderID, CustomerId: i.CustomerID,
		Seller: contract.Seller{Name: s.Name, Address: append([]string{}, s.Address...)}, ShipTo: renderAddress(p.address),
		Lines: []contract.InvoiceLine{}, Total: amount(i.Total), Paid: amount(i.Total),
		Credits: []contract.Credit{}, Credited: amount(i.Credited), Remaining: amount(i.Remaining),
	}
	for _, l := range i.Lines {
		out.Lines = append(out.Lines, contract.InvoiceLine{
			Sku: l.SKU, Name: orders.Optional(p.names[l.SKU]), Quantity: l.Quantity, UnitPrice: amount(l.UnitPrice), Total: amount(l.Total),
		})
	}
	for _, c := range i.Credits {
		out.Credits = append(out.Credits, contract.Credit{RefundId: c.Refund, At: c.At, Amount: amount(c.Amount)})
	}
	return out
}

// renderAddress returns nil for the zero address.
func renderAddress(a order.Address) *contract.InvoiceAddress {
	if a == (order.Address{}) {
		return nil
	}
	return &contract.InvoiceAddress{
		Name: a.Name, Line1: a.Line1, Line2: orders.Optional(a.Line2), City: a.City,
		PostalCode: orders.Optional(a.PostalCode), Region: orders.Optional(a.Region), Country: a.Country,
	}
}

func amount(a money.Amount) contract.Money {
	return contract.Money{Amount: a.Minor, Currency: string(a.Currency)}
}
