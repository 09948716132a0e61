package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
)

// Facts are what everybody has of one saga; nil: nothing.
type Facts struct {
	Saga      string
	Order     *orderaudit.Fact
	Catalog   *catalogaudit.Fact
	Inventory *inventoryaudit.Fact
	Payment   *paymentaudit.Fact
	Shipping  *shippingaudit.Fact
	Engine    *activities.SagaFact // asked for undecided orders only; nil: not asked
	// Unasked are the services that did not answer: what they have is not known,
	// so nothing is judged by it.
	Unasked []string
}

// Verdict is what a saga's facts mean.
type Verdict struct {
	Findings       []Finding
	Young          bool // too young to be judged: the rest is empty
	NeedsAttention bool // flagged with a reason, so not lost
}

// Judge says what is wrong with one saga. It judges an order grace after it had
// to be decided, and the traces of an order that is not there grace after the
// first of them: until then a page that was read a moment later may well show
// something else. It is pure: the facts may be of different moments, so what it
// finds counts only if it finds it twice.
func Judge(f Facts, now time.Time, grace time.Duration) Verdict {
	j := judgement{Facts: f}
	if f.Order == nil {
		j.unknown(now, grace)
		return j.Verdict
	}
	if now.Sub(f.Order.Due()) < grace {
		return Verdict{Young: true}
	}
	j.NeedsAttention = f.Order.NeedsAttention
	j.since = f.Order.UpdatedAt
	j.wrong(LegalHistory, FindingHistory, "order", f.Order.Wrong)
	switch f.Order.Status {
	case order.Pending:
		j.undecided()
	case order.Confirmed:
		j.confirmed()
	case order.Cancelled:
		j.cancelled()
	}
	if f.Order.Status != order.Pending {
		j.quote()
		j.books()
	}
	j.twice()
	return j.Verdict
}

// judgement is a verdict in the making.
type judgement struct {
	Facts
	Verdict

	since time.Time
}

func (j *judgement) find(i Invariant, kind FindingKind, service string, repairable bool, format string, args ...any) {
	j.Findings = append(j.Findings, Finding{
		Invariant: i, Kind: kind, Order: j.Saga, Service: service, Since: j.since,
		Detail: brief(fmt.Sprintf(format, args...)), Repairable: repairable,
	})
}

// brief cuts off words that go on for ever: a report of [MaxListed] findings must
// fit into one payload.
func brief(words string) string {
	const most = 500
	if len(words) <= most {
		return words
	}
	return strings.ToValidUTF8(words[:most], "") + "…" // the cut may be inside a character
}

func (j *judgement) wrong(i Invariant, kind FindingKind, service string, all []string) {
	for _, w := range all {
		j.find(i, kind, service, false, "%s", w)
	}
}

func (j *judgement) asked(service string) bool { return !slices.Contains(j.Unasked, service) }

// waived says whether somebody has given up on undoing a step.
func (j *judgement) waived(step string) bool {
	return slices.ContainsFunc(j.Order.Waivers, func(w ledger.Waiver) bool { return w.Step == step })
}

// unknown judges a saga whose order is not there. An order is made before
// anything else, so a trace anywhere means that it was there.
func (j *judgement) unknown(now time.Time, grace time.Duration) {
	if !j.asked("order") {
		return
	}
	var parts []string
	trace := func(service string, at time.Time, what string) {
		if what == "" {
			what = "steps that left nothing"
		}
		parts = append(parts, service+" has "+what)
		if !at.IsZero() && (j.since.IsZero() || at.Before(j.since)) {
			j.since = at
		}
	}
	if f := j.Catalog; f != nil {
		trace("catalog", f.Since, "a quote")
	}
	if f := j.Inventory; f != nil {
		var what []string
		for _, s := range f.Stock {
			what = append(what, fmt.Sprintf("%d units %s", s.Units, s.State))
		}
		trace("inventory", f.Since, strings.Join(what, ", "))
	}
	if f := j.Payment; f != nil {
		var what []string
		for _, h := range f.Holds {
			what = append(what, h.Amount.String()+" held")
		}
		if !f.Ours.IsZero() || !f.Provider.IsZero() {
			what = append(what, fmt.Sprintf("%s taken by our books, %s by the provider's", amount(f.Ours), amount(f.Provider)))
		}
		for _, d := range slices.Concat(f.Differ, f.Undone) {
			what = append(what, d.What)
		}
		trace("payment", f.Since, strings.Join(what, ", "))
	}
	if f := j.Shipping; f != nil {
		var what []string
		if len(f.Parcels) > 0 {
			what = append(what, fmt.Sprintf("%d parcels booked", len(f.Parcels)))
		}
		for _, d := range f.Undone {
			what = append(what, d.What)
		}
		trace("shipping", f.Since, strings.Join(what, ", "))
	}
	if len(parts) == 0 || now.Sub(j.since) < grace { // without a time it is a stranger's key, and nobody's is under way
		return
	}
	j.find(NoneLost, FindingUnknownOrder, "order", false, "there is no such order, but %s", strings.Join(parts, "; "))
}

// undecided judges an order that should have been decided long ago.
func (j *judgement) undecided() {
	e := j.Engine
	if e == nil {
		return
	}
	j.since = j.Order.Due()
	// Resumed, a saga asks the payment service whether the money was taken. That
	// must not be answered from books that the provider contradicts.
	repairable := j.Payment == nil || !j.Payment.Blind
	because := ""
	if !repairable {
		because = ", and the provider took money that our books do not have: it must not be undone"
	}
	if !j.asked("payment") {
		repairable = false
	}
	switch e.State {
	case activities.SagaRunning:
		j.NeedsAttention = j.NeedsAttention || e.NeedsAttention
		if j.NeedsAttention || j.Order.DecideBy.IsZero() {
			return
		}
		detail := "its saga runs, but has neither decided nor flagged it"
		if e.TaskFailures > 0 {
			detail = fmt.Sprintf("its workflow task has failed %d times in a row", e.TaskFailures)
		}
		j.find(EveryOrderEnd, FindingSagaSilent, "order", false, "%s", detail)
	case activities.SagaMissing:
		j.find(EveryOrderEnd, FindingSagaMissing, "order", repairable, "it is undecided and the engine has no saga of it%s", because)
	case activities.SagaStopped, activities.SagaCompleted:
		if !e.ClosedAt.IsZero() {
			j.since = e.ClosedAt
		}
		j.find(EveryOrderEnd, FindingSagaStopped, "order", repairable, "it is undecided and its saga is %s%s", e.How, because)
	}
}

// confirmed judges an order that keeps everything, once.
func (j *judgement) confirmed() {
	if n := len(j.Order.Waivers); n > 0 {
		j.find(ExactUndo, FindingUndo, "order", false, "it is confirmed, and somebody gave up on undoing %d of its steps", n)
	}
	warehouses := 0
	if j.asked("inventory") {
		var sold, units int64
		for _, s := range stock(j.Inventory) {
			if s.State == inventory.Held {
				j.find(NoOrphan, FindingStockHeld, "inventory", false, "%d units are still held by %s, and it is confirmed", s.Units, s.Step)
				continue
			}
			sold, units, warehouses = sold+1, units+s.Units, warehouses+s.Warehouses
		}
		if sold != 1 || units != j.Order.Units {
			j.find(NoOrphan, FindingStockNotSold, "inventory", false,
				"it is confirmed with %d units, but %d reservations with %d units are sold", j.Order.Units, sold, units)
		}
	}
	if j.asked("payment") {
		p := moneyOf(j.Payment)
		for _, h := range p.Holds {
			j.find(NoOrphan, FindingMoneyHeld, "payment", false, "%s, and it is confirmed", hold(h))
		}
		switch {
		case p.Ours.Captures == 0:
			j.find(MoneyAddsUp, FindingMoneyNotTaken, "payment", false, "it is confirmed, but nothing was taken")
		case j.Order.Total == nil || p.Ours.Captured != j.Order.Total.Minor || p.Ours.Currency != j.Order.Total.Currency:
			j.find(MoneyAddsUp, FindingMoneyAmount, "payment", false, "%s was taken, its total is %s", amount(p.Ours), inWords(j.Order.Total))
		}
	}
	if j.asked("shipping") && j.asked("inventory") {
		booked := 0
		for _, p := range parcelsOf(j.Shipping) {
			if p.Ours == shipping.Booked {
				booked++
			}
		}
		if booked != warehouses {
			j.find(NoOrphan, FindingParcelMissing, "shipping", false, "%d parcels are booked, its stock is in %d warehouses", booked, warehouses)
		}
	}
}

// cancelled judges an order of which nothing is left but what was waived.
func (j *judgement) cancelled() {
	p := moneyOf(j.Payment)
	// A saga that is resumed settles first. If money was taken that would make it
	// go forward, on an order that is cancelled: that is for a person to decide.
	mendable := j.asked("payment") && p.Ours.Captures == 0 && p.Provider.Captures == 0
	if j.asked("inventory") {
		for _, s := range stock(j.Inventory) {
			switch {
			case s.State == inventory.Committed:
				j.find(NoOrphan, FindingStockSold, "inventory", false, "%d units are sold by %s, and it is cancelled", s.Units, s.Step)
			case !j.waived(s.Step):
				j.find(NoOrphan, FindingStockHeld, "inventory", mendable && s.Undoable, "%d units are held by %s, and it is cancelled%s",
					s.Units, s.Step, undone(s.Undoable))
			}
		}
	}
	if j.asked("payment") {
		for _, h := range p.Holds {
			if !j.waived(h.Step) {
				j.find(NoOrphan, FindingMoneyHeld, "payment", mendable && h.Undoable, "%s, and it is cancelled%s", hold(h), undone(h.Undoable))
			}
		}
		if p.Ours.Captured > p.Ours.Refunded || p.Provider.Captured > p.Provider.Refunded {
			j.find(MoneyAddsUp, FindingMoneyTaken, "payment", false,
				"it is cancelled, but %s was taken by our books and %s by the provider's", amount(p.Ours), amount(p.Provider))
		}
	}
	if j.asked("shipping") {
		for _, c := range parcelsOf(j.Shipping) {
			if !j.waived(c.Step) {
				j.find(NoOrphan, FindingParcelBooked, "shipping", mendable && c.Undoable, "%s, and it is cancelled%s", parcel(c), undone(c.Undoable))
			}
		}
	}
}

// twice judges what may not be there twice, whatever the order's status.
func (j *judgement) twice() {
	p := moneyOf(j.Payment)
	if n := max(p.Ours.Captures, p.Provider.Captures); n > 1 {
		j.find(AtMostOnce, FindingTakenTwice, "payment", false, "money was taken %d times by our books and %d times by the provider's: %s and %s",
			p.Ours.Captures, p.Provider.Captures, amount(p.Ours), amount(p.Provider))
	}
	if p.Ours.Refunded > p.Ours.Captured || p.Provider.Refunded > p.Provider.Captured {
		j.find(ExactUndo, FindingUndo, "payment", false, "more was paid back than was taken: by our books %s, by the provider's %s", balance(p.Ours), balance(p.Provider))
	}
	live := 0
	for _, h := range p.Holds {
		if h.Provider {
			live++
		}
	}
	if live > 1 {
		j.find(AtMostOnce, FindingHeldTwice, "payment", false, "the provider holds money %d times", live)
	}
}

// The zero of what nobody has.

func stock(f *inventoryaudit.Fact) []inventoryaudit.StockFact {
	if f == nil {
		return nil
	}
	return f.Stock
}

func moneyOf(f *paymentaudit.Fact) paymentaudit.Fact {
	if f == nil {
		return paymentaudit.Fact{}
	}
	return *f
}

func parcelsOf(f *shippingaudit.Fact) []shippingaudit.ParcelFact {
	if f == nil {
		return nil
	}
	return f.Parcels
}

// The same in words.

func undone(undoable bool) string {
	if undoable {
		return ""
	}
	return "; its barrier says that there is nothing to undo"
}

func hold(h paymentaudit.HoldFact) string {
	whose := "by our books only"
	if h.Provider {
		whose = "at the provider"
	}
	if h.Provider && h.Ours != payment.Authorized {
		whose = "at the provider only"
	}
	return fmt.Sprintf("%s is held by %s %s", h.Amount, h.Step, whose)
}

func parcel(p shippingaudit.ParcelFact) string {
	whose := "here and at the carrier"
	switch {
	case !p.Carrier:
		whose = "here only"
	case p.Ours != shipping.Booked:
		whose = "at the carrier only"
	}
	return fmt.Sprintf("the parcel of %s is booked by %s %s", p.Warehouse, p.Step, whose)
}

func amount(t paymentaudit.Taken) string {
	if t.Currency == "" {
		return "nothing"
	}
	return money.New(t.Captured-t.Refunded, t.Currency).String()
}

func balance(t paymentaudit.Taken) string {
	return fmt.Sprintf("%s of %s", money.New(t.Refunded, t.Currency), money.New(t.Captured, t.Currency))
}

func inWords(a *money.Amount) string {
	if a == nil {
		return "not there"
	}
	return a.String()
}
