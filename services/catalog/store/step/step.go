// Package step says which facts tell the record of each step of the catalog service.
package step

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
)

// Quote tells the record of a quote.
var Quote = outbox.Step[catalog.Quote]{
	Done: func(k key.Key, q catalog.Quote) []event.Event {
		return []event.Event{catalog.QuotedFact.New(k.Saga, k.Saga, catalog.QuotedData{Key: k, Quote: q})}
	},
	Refused: func(k key.Key, code fault.Code) []event.Event {
		return []event.Event{catalog.QuoteRefusedFact.New(k.Saga, k.Saga, catalog.RefusedData{Key: k, Code: code})}
	},
}

// Steps say how the entries of the service's ledger are told.
var Steps = compare.Steps{"catalog.quote": Quote.Events}
