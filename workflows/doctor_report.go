package workflows

import (
	"time"

	"github.com/amends/amends/saga/ledger"
)

// Invariant is a promise of the platform, as the design names it.
type Invariant string

// The invariants.
const (
	MoneyAddsUp   Invariant = "I1"
	StockAddsUp   Invariant = "I2"
	NoOrphan      Invariant = "I3"
	EveryOrderEnd Invariant = "I4"
	NoneLost      Invariant = "I5"
	AtMostOnce    Invariant = "I6"
	LegalHistory  Invariant = "I7"
	ExactUndo     Invariant = "I8"
	OneAnswer     Invariant = "I9"
)

// FindingKind says what is wrong. docs/doctor.md says what each means and what to
// do about it.
type FindingKind string

// The kinds of findings.
const (
	FindingSagaStopped   FindingKind = "saga_stopped"    // undecided, and its saga was terminated or failed
	FindingSagaMissing   FindingKind = "saga_missing"    // undecided, and the engine has no saga of it
	FindingSagaSilent    FindingKind = "saga_silent"     // undecided and not flagged, long after it had to be decided
	FindingUnknownOrder  FindingKind = "unknown_order"   // a service knows a saga whose order is not there
	FindingPlacedTwice   FindingKind = "placed_twice"    // two orders of one call
	FindingStockHeld     FindingKind = "stock_held"      // by an order that is decided
	FindingStockSold     FindingKind = "stock_sold"      // to an order that is cancelled
	FindingStockNotSold  FindingKind = "stock_not_sold"  // to an order that is confirmed
	FindingMoneyHeld     FindingKind = "money_held"      // from an order that is decided
	FindingMoneyTaken    FindingKind = "money_taken"     // from an order that is cancelled
	FindingMoneyNotTaken FindingKind = "money_not_taken" // from an order that is confirmed
	FindingMoneyAmount   FindingKind = "money_amount"    // other than the order's total
	FindingHeldTwice     FindingKind = "held_twice"      // two live authorizations at the provider
	FindingTakenTwice    FindingKind = "taken_twice"     // two captures
	FindingProviderBook  FindingKind = "provider_book"   // is not ours
	FindingParcelBooked  FindingKind = "parcel_booked"   // for an order that is cancelled
	FindingParcelMissing FindingKind = "parcel_missing"  // of an order that is confirmed
	FindingCarrierBook   FindingKind = "carrier_book"    // is not ours
	FindingQuote         FindingKind = "quote"           // is not the order's total
	FindingHistory       FindingKind = "history"         // of an order is no legal path, or not what was decided
	FindingBarrier       FindingKind = "barrier"         // contradicts its service's own rows
	FindingUndo          FindingKind = "undo"            // of what had not happened, or not like that
	FindingAnswer        FindingKind = "answer"          // that is recorded is not what happened
	FindingStock         FindingKind = "stock"           // as a whole does not add up
	FindingLedger        FindingKind = "ledger"          // as a whole does not add up
)

// FindingKinds are all kinds, for those who count each.
var FindingKinds = []FindingKind{
	FindingSagaStopped, FindingSagaMissing, FindingSagaSilent, FindingUnknownOrder, FindingPlacedTwice,
	FindingStockHeld, FindingStockSold, FindingStockNotSold,
	FindingMoneyHeld, FindingMoneyTaken, FindingMoneyNotTaken, FindingMoneyAmount, FindingHeldTwice, FindingTakenTwice, FindingProviderBook,
	FindingParcelBooked, FindingParcelMissing, FindingCarrierBook,
	FindingQuote, FindingHistory, FindingBarrier, FindingUndo, FindingAnswer, FindingStock, FindingLedger,
}

// Finding is one thing that is wrong.
type Finding struct {
	Invariant Invariant   `json:"invariant"`
	Kind      FindingKind `json:"kind"`
	Order     string      `json:"order,omitempty"` // empty: it is of a service as a whole
	Service   string      `json:"service"`         // that has it
	Detail    string      `json:"detail"`          // in words
	Since     time.Time   `json:"since,omitzero"`  // zero: nobody knows
	// Repairable says that the doctor can mend it, Repaired that it has, and looked
	// again.
	Repairable bool `json:"repairable"`
	Repaired   bool `json:"repaired"`
	// Note says what came of a repair that did not succeed.
	Note string `json:"note,omitempty"`
}

// Report is the result of the workflow [Reconcile].
type Report struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	DryRun  bool      `json:"dry_run"`

	Pages           int     `json:"pages"`
	Orders          int     `json:"orders"`        // that were looked at
	Judged          int     `json:"judged"`        // that were old enough
	SkippedYoung    int     `json:"skipped_young"` // that were not
	OrdersPerSecond float64 `json:"orders_per_second"`

	// NeedsAttention counts orders that are flagged with a reason: they are not
	// lost, `amends orders --needs-attention` lists them.
	NeedsAttention int `json:"needs_attention"`
	// Waivers are what people gave up on; it is no finding any more. The list ends
	// at [MaxListed], the count does not.
	Waivers     []OrderWaiver `json:"waivers"`
	WaiverCount int           `json:"waiver_count"`

	// Findings are what is wrong, or was before it was repaired. The list ends at
	// [MaxListed], the counts do not.
	Findings []Finding           `json:"findings"`
	Counts   map[FindingKind]int `json:"counts"`
	Repaired int                 `json:"repaired"`
	// ReportOnlyBecause says why nothing was repaired that could have been.
	ReportOnlyBecause string `json:"report_only_because,omitempty"`

	// Unasked is what could not be found out, because a service did not answer.
	Unasked []Unasked `json:"unasked"`

	// OK says that everything was asked, and that nothing is wrong any more.
	OK bool `json:"ok"`
}

// OrderWaiver is a waiver and its order.
type OrderWaiver struct {
	Order string `json:"order"`
	ledger.Waiver
}

// Unasked says that a service did not answer.
type Unasked struct {
	Service string `json:"service"`
	Times   int    `json:"times"`
	Error   string `json:"error"` // the first time
}

// MaxListed bounds the lists of a [Report].
const MaxListed = 1000

// add adds findings to the report.
func (r *Report) add(findings ...Finding) {
	for _, f := range findings {
		r.Counts[f.Kind]++
		if len(r.Findings) < MaxListed {
			r.Findings = append(r.Findings, f)
		}
	}
}

// unasked notes that a service did not answer.
func (r *Report) unasked(service string, err error) {
	for i := range r.Unasked {
		if r.Unasked[i].Service == service {
			r.Unasked[i].Times++
			return
		}
	}
	r.Unasked = append(r.Unasked, Unasked{Service: service, Times: 1, Error: err.Error()})
}

// found is how many findings there are, listed or not.
func (r *Report) found() (n int) {
	for _, k := range FindingKinds {
		n += r.Counts[k]
	}
	return n
}
