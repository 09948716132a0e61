package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/text"
)

// Codes of this service.
const (
	// UnknownSKU: the product does not exist, is not active, or has no price. A client
	// does not learn which.
	UnknownSKU fault.Code = "UNKNOWN_SKU"
	// CurrencyMismatch: a product is priced in another currency.
	CurrencyMismatch fault.Code = money.CurrencyMismatch
	// AmountOverflow: a total does not fit into 64 bits.
	AmountOverflow fault.Code = money.Overflow
)

// MaxPrice is the largest price of one unit, in minor units. It leaves room for
// two million units in one order, so that no order the API lets through (200
// lines of 10,000) overflows.
const MaxPrice int64 = 1_000_000_000_000

// MaxPage is the most products of one page.
const MaxPage = 1000

// maxText is the longest SKU, product name or category, in characters.
const maxText = text.MaxCode

// MaxDescription is the longest description of a product, in characters.
const MaxDescription = 2000

// Product is something that can be ordered.
type Product struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Category string `json:"category"`
	// Description is a paragraph for customers; empty: there is none.
	Description string `json:"description,omitempty"`
	// Price is that of one unit; 0 of a currency is free. The zero Amount means that there
	// is no price yet.
	Price  money.Amount `json:"price"`
	Active bool         `json:"active"` // an inactive product cannot be ordered
}

// Priced reports whether p has a price.
func (p Product) Priced() bool { return p.Price != money.Amount{} }

// Validate returns nil, or the rule that p breaks as a fault with code INVALID. A SKU
// that it lets through is one that can be ordered.
func (p Product) Validate() error {
	if err := short(text.Code, p.SKU, maxText); err != nil {
		return invalid("product %q: its SKU %w", p.SKU, err)
	}
	for _, f := range []struct{ name, value string }{{"name", p.Name}, {"category", p.Category}} {
		if err := short(trimmedLine, f.value, maxText); err != nil {
			return invalid("product %q: its %s %w", p.SKU, f.name, err)
		}
	}
	if p.Description != "" {
		if err := short(trimmedLine, p.Description, MaxDescription); err != nil {
			return invalid("product %q: its description %w", p.SKU, err)
		}
	}
	switch {
	case !p.Priced():
		return nil
	case p.Price.Minor < 0 || p.Price.Minor > MaxPrice:
		return invalid("product %q: its price must be 0 to %d minor units", p.SKU, MaxPrice)
	}
	if _, err := money.ParseCurrency(string(p.Price.Currency)); err != nil {
		return invalid("product %q: its price must be in an ISO 4217 currency", p.SKU)
	}
	return nil
}

// QuoteRequest asks for the prices of some lines in one currency.
type QuoteRequest struct {
	Currency money.Currency `json:"currency"`
	Lines    []Line         `json:"lines"`
}

// Line asks for a quantity of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Quote is the answer: one priced line for each requested line, in the same order.
type Quote struct {
	Lines []PricedLine `json:"lines"`
	Total money.Amount `json:"total"` // the sum of unit price × quantity
}

// PricedLine is a line with the price of one unit.
type PricedLine struct {
	SKU       string       `json:"sku"`
	Quantity  int64        `json:"quantity"`
	UnitPrice money.Amount `json:"unit_price"`
}

// Price quotes req from products, by SKU; a missing product is unknown. The first line
// that cannot be priced decides the refusal, so equal requests are refused alike.
// Codes: INVALID, UNKNOWN_SKU, CURRENCY_MISMATCH, AMOUNT_OVERFLOW, all of kind
// Business.
func Price(req QuoteRequest, products map[string]Product) (Quote, error) {
	if len(req.Lines) == 0 {
		return Quote{}, invalid("a quote needs at least one line")
	}
	q := Quote{Lines: make([]PricedLine, 0, len(req.Lines)), Total: money.New(0, req.Currency)}
	for i, l := range req.Lines {
		p, ok := products[l.SKU]
		switch {
		case l.Quantity < 1:
			return Quote{}, invalid("line %d: the quantity must be at least 1", i+1)
		case !ok, !p.Active, !p.Priced():
			return Quote{}, fault.Errorf(fault.Business, UnknownSKU, "line %d: there is no such product", i+1)
		case p.Price.Currency != req.Currency:
			return Quote{}, fault.Errorf(fault.Business, CurrencyMismatch, "line %d: the product is not priced in the order's currency", i+1)
		}
		sum, err := p.Price.Mul(l.Quantity)
		if err != nil {
			return Quote{}, err
		}
		if q.Total, err = q.Total.Add(sum); err != nil {
			return Quote{}, err
		}
		q.Lines = append(q.Lines, PricedLine{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: p.Price})
	}
	return q, nil
}

// short returns why s breaks the rule or has more characters than most.
func short(rule func(string) error, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fmt.Errorf("must have at most %d characters", most)
	}
	return rule(s)
}

// trimmedLine is a line without spaces around it: two categories that differ by such a
// space would look the same.
func trimmedLine(s string) error {
	if s != strings.TrimSpace(s) {
		return text.ErrInvisible
	}
	return text.Line(s)
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
