package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
)

// QueryWords explains the codes of the read model, which has no steps.
var QueryWords = Words{Codes: map[fault.Code]string{
	query.OldGeneration: "the generation of the read model before the last rebuild is still kept",
	query.NotLoading:    "the generation of the read model is not being loaded any more",
}}
