package invoice

import (
	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/page"
)

// words are the texts of a page in one language.
type words struct {
	Title, Number, Issued, Order, Customer, ShipTo string
	Product, Quantity, UnitPrice, Sum, Total, Paid string
	Refunded, Remaining, NoTaxes                   string
}

// languages are the words of [page.Languages].
var languages = []*words{
	{
		Title: "Invoice", Number: "Invoice number", Issued: "Date", Order: "Order", Customer: "Customer", ShipTo: "Shipped to",
		Product: "Product", Quantity: "Quantity", UnitPrice: "Unit price", Sum: "Amount", Total: "Total", Paid: "Paid on",
		Refunded: "Refunded on", Remaining: "Remaining after refunds",
		NoTaxes: "No taxes are stated. Dates are those of Coordinated Universal Time (UTC).",
	},
	{
		Title: "Rechnung", Number: "Rechnungsnummer", Issued: "Datum", Order: "Bestellung", Customer: "Kunde", ShipTo: "Geliefert an",
		Product: "Artikel", Quantity: "Menge", UnitPrice: "Einzelpreis", Sum: "Betrag", Total: "Summe", Paid: "Bezahlt am",
		Refunded: "Erstattet am", Remaining: "Verbleibt nach Erstattungen",
		NoTaxes: "Steuern sind nicht ausgewiesen. Tage sind die der koordinierten Weltzeit (UTC).",
	},
}

// preferred returns the language that a client asks for or, without that, prefers.
func preferred(p contract.GetInvoiceParams) int {
	return page.Language(string(parameter.Value(p.Lang)), parameter.Value(p.AcceptLanguage))
}

// Format returns the formats of the page.
func (s sheet) Format() page.Format { return page.Formats[s.in] }

// Money writes an amount with its currency.
func (s sheet) Money(m contract.Money) string { return s.Format().Money(m.Amount, m.Currency) }

// Minus writes an amount that is taken away.
func (s sheet) Minus(m contract.Money) string { return "\u2212" + s.Money(m) }
