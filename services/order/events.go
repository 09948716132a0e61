package order

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/order/taken"
)

// Facts are all facts of the service: those below, and that of an erasure.
var Facts = []event.Declaration{erased.Fact.Declaration}

// The facts that the service tells of an order's course. Each describes the whole order at one
// version, so a reader that missed one needs the next one only.
var (
	// PlacedFact is told when an order is created.
	PlacedFact = declare("placed", "The order is accepted and its saga has begun.")
	// ConfirmedFact is told when an order becomes CONFIRMED.
	ConfirmedFact = declare("confirmed", "The order is confirmed: its money is taken, its stock sold, its parcels booked.")
	// CancelledFact is told when an order becomes CANCELLED.
	CancelledFact = declare("cancelled", "The order is cancelled, and everything that it held is given back.")
	// RefundedFact is told behind the last step of a refund.
	RefundedFact = declare("refunded", "Money of the order is paid back, and its stock taken back if that was asked for.")
	// AbortAskedFact is told when a choreographed order is objected to.
	AbortAskedFact = declare("abort_asked", "The order is to be aborted, unless its money is taken.", urgent)
	// AbortedFact is told when the abort of a choreographed order is decided.
	AbortedFact = declare("aborted", "The order is aborted: its money was not taken and never will be, and everything that it holds is given back.", urgent)
	// AttentionChangedFact is told when an order gets a flag or loses one.
	AttentionChangedFact = declare("attention_changed", "The flags that need an operator have changed.")
)

// Reports are the facts by which the service tells that it cannot react to another one.
var Reports = report.Declare("order", &Facts)

// declare adds a fact about the whole order.
func declare(name, about string, more ...func(*event.Declaration)) event.Fact[Snapshot] {
	d := event.Declaration{Service: "order", Name: name, Version: 1, Key: "order", State: true, About: about}
	for _, f := range more {
		f(&d)
	}
	f := event.Declare[Snapshot](d)
	Facts = append(Facts, f.Declaration)
	return f
}

// urgent makes a fact overtake the steps of its order that wait: they are of no use any
// more.
func urgent(d *event.Declaration) { d.Urgent = true }

// Types of the steps, parcels and prices that facts tell.
type (
	TakenLine = taken.Line
	TakenStep = taken.Step
	Parcel    = taken.Parcel
)

// Snapshot is an order at one version. It names the customer by id only, and has
// neither the address nor the words of an operator.
type Snapshot struct {
	ID         string         `json:"order_id"`
	CustomerID string         `json:"customer_id"`
	Status     Status         `json:"status"`
	Style      Style          `json:"style"`
	Origin     string         `json:"origin,omitempty"`  // where it was imported from, else absent
	Reason     Reason         `json:"reason,omitempty"`  // why it was cancelled, else absent
	Asked      Reason         `json:"asked,omitempty"`   // why it is to be aborted, else absent
	Decided    Reason         `json:"decided,omitempty"` // why its saga was aborted, else absent
	Currency   money.Currency `json:"currency"`
	Lines      []TakenLine    `json:"lines"`
	Total      *Total         `json:"total,omitempty"`    // absent while PENDING, and if it never was quoted
	Refunded   *Total         `json:"refunded,omitempty"` // absent if nothing was paid back
	Refund     *MadeRefund    `json:"refund,omitempty"`   // of [RefundedFact], else absent
	Attention  []Flag         `json:"attention,omitempty"`
	Steps      []TakenStep    `json:"steps,omitempty"`   // of its saga, absent while PENDING
	Parcels    []Parcel       `json:"parcels,omitempty"` // absent while PENDING, and if none was booked
	DecideBy   time.Time      `json:"decide_by,omitzero"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

// MadeRefund is a refund that is DONE.
type MadeRefund struct {
	ID     string       `json:"id"`
	Amount money.Amount `json:"amount"`
}

// Flag is a reason why an operator must review the order.
type Flag struct {
	Step    string     `json:"step"`
	Code    fault.Code `json:"code"`
	Kind    fault.Kind `json:"kind"`
	Owed    string     `json:"owed,omitempty"` // the effect that the step holds
	Since   time.Time  `json:"since"`
	Lasting bool       `json:"lasting,omitempty"` // it stays until an operator acknowledges it
	Saga    string     `json:"saga,omitempty"`    // whose step it is: the id of a refund; absent: the order's own
}

// guests is the version of the UUIDs of guests' orders.
const guests = 4

// AccountOf returns the account of an order's customer; empty: it is a guest's. A guest may
// name any customer, an account too, so the kind of the order's id tells whose it is.
func AccountOf(id, customer string) string {
	if parsed, err := uuid.Parse(id); err == nil && parsed.Version() != guests {
		return customer
	}
	return ""
}

// Snapshot returns r without personal data.
func (r Record) Snapshot() Snapshot {
	s := Snapshot{
		ID: r.ID, CustomerID: r.Placement.CustomerID, Status: r.Status, Style: r.Style(), Origin: r.Origin, Reason: r.Reason, Decided: r.Decided,
		Currency: r.Placement.Currency, DecideBy: r.Placement.DecideBy, Total: r.Total,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Attention: flags(r.Attention),
	}
	if r.Course != nil {
		s.Asked = r.Course.Asked
	}
	end := taken.Read(r.View)
	if r.Refunded > 0 && r.Total != nil {
		s.Refunded = new(money.New(r.Refunded, r.Total.Currency))
	}
	if r.made != nil {
		s.Refund = &MadeRefund{r.made.ID, r.made.Amount}
	}
	s.Lines, s.Steps, s.Parcels = end.Priced(r.Placement.Lines), end.Steps, end.Parcels
	return s
}

func flags(attention []ledger.Attention) []Flag {
	var all []Flag
	for _, a := range attention {
		all = append(all, Flag{
			Step: a.Step, Code: a.Code, Kind: a.Kind, Owed: a.Owed, Since: taken.Time(a.Since), Lasting: a.Lasting, Saga: a.Saga,
		})
	}
	return all
}

// Told returns the facts of the change from before to r.
func (r Record) Told(before Record) []event.Fact[Snapshot] {
	var facts []event.Fact[Snapshot]
	switch now := r.Newest(); {
	case now.Name != before.Newest().Name:
		facts = append(facts, now)
	case r.reminded(before):
		facts = append(facts, r.Reminder())
	}
	if r.made != nil {
		facts = append(facts, RefundedFact)
	}
	if !slices.Equal(flags(r.Attention), flags(before.Attention)) {
		facts = append(facts, AttentionChangedFact)
	}
	return facts
}

// Standing returns the fact of r's status.
func (r Record) Standing() event.Fact[Snapshot] {
	switch r.Status {
	case Confirmed:
		return ConfirmedFact
	case Cancelled:
		return CancelledFact
	case Pending:
	}
	return PlacedFact
}

// Reminder returns the fact of an order that is not CONFIRMED from which its services go on,
// if it is told again.
func (r Record) Reminder() event.Fact[Snapshot] {
	if r.Status == Cancelled {
		return AbortedFact // to give back what they hold
	}
	return r.Newest()
}

// Newest returns the fact of r from which its saga goes on, if it is told again.
func (r Record) Newest() event.Fact[Snapshot] {
	switch {
	case r.Status != Pending || r.Course == nil:
	case r.Decided != "":
		return AbortedFact
	case r.Course.Asked != "" && !r.Course.Taken:
		return AbortAskedFact
	}
	return r.Standing()
}
