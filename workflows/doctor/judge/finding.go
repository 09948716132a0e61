package judge

import (
	"slices"
	"time"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/saga/audit"
	orderaudit "github.com/amends/amends/services/order/audit"
)

// The invariants that no service can judge alone.
const (
	EveryOrderEnds audit.Invariant = "I4" // every order is decided in time, or flagged
	NoneLost       audit.Invariant = "I5" // every saga has its order, every call one order
)

// The kinds of findings that need the facts of several services, or the engine.
const (
	SagaStopped   audit.Kind = "saga_stopped"   // an undecided order's saga has ended
	SagaMissing   audit.Kind = "saga_missing"   // the engine has no saga of an undecided order
	SagaSilent    audit.Kind = "saga_silent"    // an order is undecided and not flagged, long after its decide-by
	SagaStands    audit.Kind = "saga_stands"    // the same of a choreographed order, which has no workflow
	UnknownOrder  audit.Kind = "unknown_order"  // a service knows a saga without an order
	ParcelMissing audit.Kind = "parcel_missing" // a confirmed order has not one parcel per warehouse
	Quote         audit.Kind = "quote"          // the recorded quote differs from the order or its payment
	Refund        audit.Kind = "refund"         // an order's refunds are not the money that was paid back
	ImportedActs  audit.Kind = "imported_acts"  // a service acts for an order that another program has decided
)

// Kinds lists the kinds of findings of all services; docs/doctor.md explains each.
var Kinds = kinds()

func kinds() []audit.Kind {
	all := []audit.Kind{SagaStopped, SagaMissing, SagaSilent, SagaStands, UnknownOrder, ParcelMissing, Quote, Refund, ImportedActs}
	all = append(append(all, orderaudit.Kinds...), audit.Kinds...)
	for _, s := range Services {
		all = append(all, s.kinds...)
	}
	return all
}

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	// Error: money, stock, parcels or records are wrong, or not as they were told.
	Error Severity = "error"
	// Warning: they are right, but a customer or an operator is told something else.
	Warning Severity = "warning"
)

// SeverityOf returns the severity of a kind of findings.
func SeverityOf(k audit.Kind) Severity {
	for _, s := range Services {
		if s.Follows && slices.Contains(s.kinds, k) {
			return Warning
		}
	}
	return Error
}

// Finding is one violation of an invariant.
type Finding struct {
	Invariant audit.Invariant `json:"invariant"`
	Kind      audit.Kind      `json:"kind"`
	Severity  Severity        `json:"severity"`
	Order     string          `json:"order,omitempty"` // empty: it concerns a service as a whole
	Service   string          `json:"service"`         // whose fact it is about
	Detail    string          `json:"detail"`          // in words
	// Holds are the holdings of the order, by the services that answered.
	Holds exposure.Exposure `json:"holds,omitzero"`
	Since time.Time         `json:"since,omitzero"` // zero: unknown
	// Repairable reports whether the doctor can repair it; Repaired, that it did, and
	// checked the result.
	Repairable bool `json:"repairable"`
	Repaired   bool `json:"repaired"`
	// Note describes why a repair did not succeed.
	Note string `json:"note,omitempty"`
}
