package activities

import (
	"fmt"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
)

// QuoteOrder prices the lines; the answer is recorded.
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
