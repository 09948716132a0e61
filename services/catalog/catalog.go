package catalog

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Codes of this service.
const (
	UnknownSKU       fault.Code = "UNKNOWN_SKU"
	CurrencyMismatch fault.Code = money.CurrencyMismatch
)

// Product is something that can be ordered.
type Product struct {
	SKU      string       `json:"sku"`
	Name     string       `json:"name"`
	Category string       `json:"category"`
	Price    money.Amount `json:"price"`
	Active   bool         `json:"active"` // an inactive product cannot be ordered
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

// Quote is the answer: one priced line for each line asked, in the same order.
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
