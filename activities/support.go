package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

// SupportWords explains the codes of the support service, which has no steps.
var SupportWords = Words{Codes: map[fault.Code]string{
	support.CaseClosed:      "the case is closed",
	support.TooManyCases:    "the order has as many cases as it may have",
	support.KeyReused:       "the key of a request was used for another one",
	support.TooManyMessages: "a side of the case has written as many messages as it may",
}}
