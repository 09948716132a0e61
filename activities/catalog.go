package activities

import (
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
)

// QuoteOrder prices the lines of an order.
var QuoteOrder = saga.Step[catalog.QuoteRequest, catalog.Quote]{
	Name: "catalog.quote", Queue: "catalog", Kind: saga.Recorded,
	Summary: func(q catalog.QuoteRequest) string {
		return fmt.Sprintf("price %d lines in %s", len(q.Lines), q.Currency)
	},
}

// BindCatalog binds the catalog service's step.
func BindCatalog(r saga.Registry, s catalog.Service) {
	saga.Bind(r, QuoteOrder, s.Quote, nil)
}

// CatalogWords explains the codes and steps of the catalog service.
var CatalogWords = Words{Codes: map[fault.Code]string{
	catalog.UnknownSKU:       "a product is unknown or not active",
	catalog.CurrencyMismatch: "a product has no price in the order's currency",
}}
