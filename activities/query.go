package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/query"
	queryaudit "github.com/amends/amends/services/query/audit"
)

// The doctor's questions to the read model.
var (
	AuditCopies = Audit[audit.Range, queryaudit.Page]{"query.audit", "query"}
	AuditGoods  = Audit[audit.Whole, []string]{"query.audit_goods", "query"}
)

// QueryQuestions are the names of all of them.
var QueryQuestions = []string{AuditCopies.Name, AuditGoods.Name, AuditEvents(AuditCopies.Service).Name}

// QueryWords explains the codes of the read model, which has no steps.
var QueryWords = Words{Codes: map[fault.Code]string{
	query.OldGeneration: "the generation of the read model before the last rebuild is still kept",
	query.NotLoading:    "the generation of the read model is not being loaded any more",
}}
