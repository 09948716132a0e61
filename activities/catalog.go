package activities

import (
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/catalog"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
)

// QuoteOrder prices the lines of an order.
var QuoteOrder = saga.Step[catalog.QuoteRequest, catalog.Quote]{
	Name: "catalog.quote", Queue: "catalog", Kind: saga.Recorded, Express: quick,
	Summary: func(q catalog.QuoteRequest) string {
		return fmt.Sprintf("price %d lines in %s", len(q.Lines), q.Currency)
	},
}

// BindCatalog binds the catalog service's step.
func BindCatalog(r saga.Registry, s catalog.Service) {
	saga.Bind(r, QuoteOrder, s.Quote, nil)
}

// TryCatalog binds the first try of the catalog service's step, see [saga.BindTry].
func TryCatalog(r saga.Registry, p saga.Participant) { saga.BindTry(r, QuoteOrder, p) }

// AuditQuotes is the doctor's question to the catalog service.
var AuditQuotes = Audit[audit.Range, catalogaudit.Page]{"catalog.audit", "catalog"}

// BindCatalogAudit binds the question.
func BindCatalogAudit(r saga.Registry, a catalogaudit.Auditor) { bind(r, AuditQuotes, a.Audit) }

// CatalogWords explains the codes and steps of the catalog service.
var CatalogWords = Words{Codes: map[fault.Code]string{
	catalog.UnknownSKU:       "a product is unknown or not active",
	catalog.CurrencyMismatch: "a product has no price in the order's currency",
}}
