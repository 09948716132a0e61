package catalog

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// Facts are all facts of the service, those below.
var Facts []event.Declaration

// The facts that the service tells.
var (
	// ProductChangedFact is told by an import, for each product that it adds or changes.
	ProductChangedFact = declare[ProductData](event.Declaration{
		Name: "product_changed", Key: "sku", State: true,
		About: "An import has added or changed the product.",
	})
	// QuotedFact is told when an order's lines are priced.
	QuotedFact = declare[QuotedData](event.Declaration{Name: "quoted", Key: "order", About: "The lines of the order are priced."})
	// QuoteRefusedFact is told when an order's lines cannot be priced.
	QuoteRefusedFact = declare[RefusedData](event.Declaration{Name: "quote_refused", Key: "order", About: "The lines of the order cannot be priced."})
)

// Reports are the facts by which the service tells that it cannot react to another one.
var Reports = report.Declare("catalog", &Facts)

// declare adds a fact to the list.
func declare[Data any](d event.Declaration) event.Fact[Data] {
	d.Service, d.Version = "catalog", 1
	f := event.Declare[Data](d)
	Facts = append(Facts, f.Declaration)
	return f
}

// ProductData is a product at one version.
type ProductData struct {
	SKU         string        `json:"sku"`
	Name        string        `json:"name"`
	Category    string        `json:"category"`
	Description string        `json:"description,omitempty"` // for customers; absent: there is none
	Price       *money.Amount `json:"price,omitempty"`       // of one unit; absent: it has none yet
	Active      bool          `json:"active"`                // an inactive product cannot be ordered
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
