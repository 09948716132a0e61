package catalog

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// The facts that the service tells.
var (
	// ProductChangedFact is told by an import, for each product that it adds or changes.
	ProductChangedFact = event.Declare[ProductData](event.Declaration{
		Service: "catalog", Name: "product_changed", Version: 1, Key: "sku", State: true,
		About: "An import has added or changed the product.",
	})
	// QuotedFact is told when an order's lines are priced.
	QuotedFact = event.Declare[QuotedData](event.Declaration{
		Service: "catalog", Name: "quoted", Version: 1, Key: "order",
		About: "The lines of the order are priced.",
	})
	// QuoteRefusedFact is told when an order's lines cannot be priced.
	QuoteRefusedFact = event.Declare[RefusedData](event.Declaration{
		Service: "catalog", Name: "quote_refused", Version: 1, Key: "order",
		About: "The lines of the order cannot be priced.",
	})
)

// Facts are all facts of the service.
var Facts = []event.Declaration{ProductChangedFact.Declaration, QuotedFact.Declaration, QuoteRefusedFact.Declaration}

// ProductData is a product at one version.
type ProductData struct {
	SKU      string       `json:"sku"`
	Name     string       `json:"name"`
	Category string       `json:"category"`
	Price    money.Amount `json:"price,omitzero"` // of one unit; absent: it has none yet
	Active   bool         `json:"active"`         // an inactive product cannot be ordered
}

// QuotedData is the quote of a step.
type QuotedData struct {
	key.Key
	Quote
}

// RefusedData is a step's refusal.
type RefusedData struct {
	key.Key
	Code fault.Code `json:"code"` // as in [Service.Quote]
}
