package invoice

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/page"
	"github.com/amends/amends/internal/money"
)

// words are the texts and formats of a page in one language.
type words struct {
	Title, Number, Issued, Order, Customer, ShipTo string
	Product, Quantity, UnitPrice, Sum, Total, Paid string
	Refunded, Remaining, NoTaxes                   string
	months                                         [12]string
	date, price                                    string // formats of day, month, year; of number, currency
	thousands, point                               string
}

// languages are the words of [page.Languages].
var languages = []*words{
	{
		Title: "Invoice", Number: "Invoice number", Issued: "Date", Order: "Order", Customer: "Customer", ShipTo: "Shipped to",
		Product: "Product", Quantity: "Quantity", UnitPrice: "Unit price", Sum: "Amount", Total: "Total", Paid: "Paid on",
		Refunded: "Refunded on", Remaining: "Remaining after refunds",
		NoTaxes: "No taxes are stated. Dates are those of Coordinated Universal Time (UTC).",
		months: [12]string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
		},
		date: "%[1]d %[2]s %[3]d", price: "%[2]s\u00a0%[1]s", thousands: ",", point: ".",
	},
	{
		Title: "Rechnung", Number: "Rechnungsnummer", Issued: "Datum", Order: "Bestellung", Customer: "Kunde", ShipTo: "Geliefert an",
		Product: "Artikel", Quantity: "Menge", UnitPrice: "Einzelpreis", Sum: "Betrag", Total: "Summe", Paid: "Bezahlt am",
		Refunded: "Erstattet am", Remaining: "Verbleibt nach Erstattungen",
		NoTaxes: "Steuern sind nicht ausgewiesen. Tage sind die der koordinierten Weltzeit (UTC).",
		months: [12]string{
			"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
		},
		date: "%[1]d. %[2]s %[3]d", price: "%[1]s\u00a0%[2]s", thousands: ".", point: ",",
	},
}

// preferred returns the language that a client asks for or, without that, prefers.
func preferred(p contract.GetInvoiceParams) int {
	return page.Language(string(parameter.Value(p.Lang)), parameter.Value(p.AcceptLanguage))
}

// Date writes the day of a time in UTC.
func (w *words) Date(t time.Time) string {
	year, month, day := t.UTC().Date()
	return fmt.Sprintf(w.date, day, w.months[month-1], year)
}

// Count writes a whole number.
func (w *words) Count(n int64) string { return w.group(strconv.FormatInt(n, 10)) }

// Money writes an amount with its currency.
func (w *words) Money(m contract.Money) string {
	number, currency, _ := strings.Cut(money.New(m.Amount, money.Currency(m.Currency)).String(), " ")
	whole, fraction, has := strings.Cut(number, ".")
	number = w.group(whole)
	if has {
		number += w.point + fraction
	}
	return fmt.Sprintf(w.price, number, currency)
}

// Minus writes an amount that is taken away.
func (w *words) Minus(m contract.Money) string { return "\u2212" + w.Money(m) }

// group puts a separator before each third digit of a number that is not negative.
func (w *words) group(digits string) string {
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteString(w.thousands)
		}
		out.WriteRune(d)
	}
	return out.String()
}
