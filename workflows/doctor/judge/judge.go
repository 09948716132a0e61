// Package judge knows the doctor's questions to each service, and decides from the
// answers which invariants a saga violates. It does no I/O: the workflow passes in
// the function that asks.
package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	"github.com/amends/amends/services/order"
	paymentaudit "github.com/amends/amends/services/payment/audit"
)

// Verdict is the result of [Judge].
type Verdict struct {
	Findings       []Finding
	Young          bool // too young to be judged, except for a saga that was stopped
	NeedsAttention bool // flagged with a reason, so not lost
}

// Judge returns the violations in one saga's facts. It judges an order when grace
// has passed since its decide-by, or at any age if its saga was stopped, and traces without an order when grace has
// passed since the first of them: a page read a moment later may still differ. It
// is pure. The facts may be from different moments, so only a finding made twice
// counts.
func Judge(f Facts, now time.Time, grace time.Duration) Verdict {
	j := judgement{Facts: f}
	if f.Order == nil {
		j.unknown(now, grace)
		return j.Verdict
	}
	if now.Sub(f.Order.Due()) < grace {
		j.young()
		return Verdict{Young: true, Findings: j.Findings}
	}
	j.NeedsAttention = f.Order.NeedsAttention
	j.since = f.Order.UpdatedAt
	if f.Order.Origin != "" {
		j.imported()
		return j.Verdict
	}
	j.add("order", f.Order.Judge())
	if f.Order.Status == order.Pending {
		j.undecided()
	}
	j.services(now.Add(-grace))
	if f.Order.Status == order.Confirmed {
		j.refunds()
		j.parcels()
	}
	if f.Order.Status != order.Pending {
		j.quote()
		j.told(now.Add(-grace))
	}
	return j.Verdict
}

// judgement is a verdict in the making.
type judgement struct {
	Facts
	Verdict

	since  time.Time
	detail string // behind those of a saga that has ended
}

// add adds the findings about one service's fact.
func (j *judgement) add(service string, all audit.Findings) {
	for _, f := range all {
		j.Findings = append(j.Findings, Finding{
			Invariant: f.Invariant, Kind: f.Kind, Severity: SeverityOf(f.Kind), Order: j.Saga, Service: service, Since: j.since,
			Detail: brief(f.Detail), Holds: j.Holds(), Repairable: f.Repairable,
		})
	}
}

func (j *judgement) find(i audit.Invariant, kind audit.Kind, service string, repairable bool, format string, args ...any) {
	var one audit.Findings
	one.Add(i, kind, repairable, format, args...)
	j.add(service, one)
}

// brief shortens a text: a report of many findings must fit into one payload.
func brief(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…" // the cut may be inside a character
}

func (j *judgement) asked(service string) bool { return !slices.Contains(j.Unasked, service) }

// unknown judges a saga without an order. The order is created before anything
// else, so a trace at any service means that it existed.
func (j *judgement) unknown(now time.Time, grace time.Duration) {
	if !j.asked("order") || j.reserved(now, grace) {
		return
	}
	var parts []string
	for _, s := range Services {
		fact, known := s.fact(&j.Facts)
		if !known {
			continue
		}
		at, traces := fact.Trace()
		what := strings.Join(traces, ", ")
		if what == "" {
			what = "steps that left nothing"
		}
		parts = append(parts, s.Name+" has "+what)
		if !at.IsZero() && (j.since.IsZero() || at.Before(j.since)) {
			j.since = at
		}
	}
	// Without a time the key is not from a saga of ours, and no saga is under way. The
	// times of traces are by the clocks of their services' hosts: a wrong one makes a
	// saga look younger or older, and one that was judged too soon has an order at the
	// second look.
	if len(parts) == 0 || now.Sub(j.since) < grace {
		return
	}
	j.find(NoneLost, UnknownOrder, "order", false, "there is no such order, but %s", strings.Join(parts, "; "))
}

// young judges an order whose decide-by is not long over: nothing works on one whose saga was
// stopped. An operator may have stopped it with a plan, so it is not resumed yet.
func (j *judgement) young() {
	e := j.Engine
	if e == nil || j.Order.Status != order.Pending || j.Order.Choreographed || e.State == activities.SagaRunning {
		return
	}
	j.since, j.detail = j.Order.CreatedAt, "; it is resumed once its decide-by time and the grace have passed, or now by `amends repair "+j.Saga+" --action resume`"
	j.ended(false)
}

// undecided judges an order that is past its decide-by, by its saga. A choreographed one has
// none at the engine: it must be flagged, or its services are reminded of it.
func (j *judgement) undecided() {
	e := j.Engine
	if e == nil && !j.Order.Choreographed {
		return
	}
	j.since = j.Order.Due()
	// A resumed saga asks the payment service whether the money was taken. That
	// must not be answered from rows that the provider contradicts.
	blind := valueOf(j.Payment).Blind
	because := ""
	if blind {
		because = ", and the provider took money that our books do not have: it must not be undone"
	}
	repairable := !blind && j.asked("payment")
	if j.Order.Choreographed {
		if !j.NeedsAttention {
			j.find(EveryOrderEnds, SagaStands, "order", repairable, "it is neither decided nor flagged, and its services do not go on from %s%s", j.Order.Waits, because)
		}
		return
	}
	if e.State != activities.SagaRunning {
		j.detail = because
		j.ended(repairable)
		return
	}
	j.NeedsAttention = j.NeedsAttention || e.NeedsAttention
	if j.NeedsAttention || j.Order.DecideBy.IsZero() {
		return
	}
	detail := "its saga runs, but has neither decided nor flagged it"
	if e.TaskFailures > 0 {
		detail = fmt.Sprintf("its workflow task has failed %d times in a row", e.TaskFailures)
	}
	j.find(EveryOrderEnds, SagaSilent, "order", false, "%s", detail)
}

// ended judges an undecided order whose saga has ended, or is gone.
func (j *judgement) ended(repairable bool) {
	if j.Engine.State == activities.SagaMissing {
		j.find(EveryOrderEnds, SagaMissing, "order", repairable, "it is undecided and the engine has no saga of it%s", j.detail)
		return
	}
	if !j.Engine.ClosedAt.IsZero() {
		j.since = j.Engine.ClosedAt
	}
	j.find(EveryOrderEnds, SagaStopped, "order", repairable, "it is undecided and its saga is %s%s", j.Engine.How, j.detail)
}

// services has each service judge its own fact. A fact that arrived is whole, even if
// the service failed on a later page; only a missing one proves nothing then.
func (j *judgement) services(settled time.Time) {
	o := j.Order.Order()
	o.Settled = j.settled(settled)
	// A resumed saga settles first. If money was taken it would go forward, on an
	// order that is cancelled: that is for an operator to decide.
	o.Resumable = j.asked("payment") && !valueOf(j.Payment).Paid()
	for _, s := range Services {
		if fact, known := s.fact(&j.Facts); known || j.asked(s.Name) {
			j.add(s.Name, fact.Judge(o))
		}
	}
}

// settled reports whether the order has not changed since. An order service of an older
// release does not say.
func (j *judgement) settled(since time.Time) bool {
	return !j.Order.ChangedAt.IsZero() && !j.Order.ChangedAt.After(since)
}

// told judges whether the customer of a decided order is told of its end, and of each
// refund. One from before the notification service began needs no message.
func (j *judgement) told(settled time.Time) {
	if !j.asked(activities.AuditMails.Service) || j.Told.IsZero() {
		return
	}
	miss := func(format string, args ...any) {
		j.find(audit.ToldOnce, notificationaudit.MailMissing, activities.AuditMails.Service, false, format+", and no mail tells its customer", args...)
	}
	mails, status := valueOf(j.Mails), audit.Status(j.Order.Status)
	if j.settled(settled) && !j.Order.UpdatedAt.Before(j.Told) && !mails.Tells(status) {
		miss("it is %s", status)
	}
	decided := j.since
	for _, r := range j.Order.Made {
		if !r.At.After(settled) && !r.At.Before(j.Told) && !mails.TellsRefund(r.ID) {
			j.since = r.At
			miss("its refund %s is made", r.ID)
		}
	}
	j.since = decided
}

// refunds judges the refunds of a confirmed order: each ends, and all together are the
// money that was paid back. One under way may be paid and not yet recorded so.
func (j *judgement) refunds() {
	paid, made, open := valueOf(j.Payment), j.Order.Refunded, int64(0)
	for _, r := range j.Order.Refunds {
		open += r.Amount.Minor
	}
	if back := paid.Ours.Refunded; j.asked("payment") && (back < made || back > made+open) {
		j.find(paymentaudit.MoneyAddsUp, Refund, "order", false, "its refunds are %d in all, and %d under way, by our books %d was paid back", made, open, back)
	}
	since := j.since
	for _, e := range j.Refunds {
		i := slices.IndexFunc(j.Order.Refunds, func(r order.Refund) bool { return r.ID == e.Order })
		if i < 0 { // it has ended between the questions
			continue
		}
		j.since = j.Order.Refunds[i].At
		// A resumed saga asks the payment service whether the money was paid back. That
		// must not be answered from rows that the provider contradicts.
		repairable := j.asked("payment") && len(paid.Differ) == 0
		switch e.State {
		case activities.SagaRunning:
			if e.TaskFailures > 0 && !e.NeedsAttention {
				j.find(EveryOrderEnds, SagaSilent, "order", false, "the workflow task of refund %s has failed %d times in a row", e.Order, e.TaskFailures)
			}
		case activities.SagaMissing:
			j.find(EveryOrderEnds, SagaMissing, "order", repairable, "refund %s has not ended and the engine has no saga of it", e.Order)
		case activities.SagaStopped, activities.SagaCompleted:
			j.find(EveryOrderEnds, SagaStopped, "order", repairable, "refund %s has not ended and its saga is %s", e.Order, e.How)
		}
	}
	j.since = since
}

// parcels judges whether a confirmed order has one parcel per warehouse.
func (j *judgement) parcels() {
	if !j.asked("shipping") || !j.asked("inventory") {
		return
	}
	booked, warehouses := valueOf(j.Shipping).Booked(), valueOf(j.Inventory).Warehouses()
	if booked != warehouses {
		j.find(audit.NoOrphan, ParcelMissing, "shipping", false, "%d parcels are booked, its stock is in %d warehouses", booked, warehouses)
	}
}

// quote judges whether the order and its payment used the recorded quote.
func (j *judgement) quote() {
	if j.Catalog == nil && !j.asked("catalog") {
		return
	}
	q := valueOf(j.Catalog)
	find := func(format string, args ...any) { j.find(audit.OneAnswer, Quote, "catalog", false, format, args...) }
	total, confirmed := j.Order.Total, j.Order.Status == order.Confirmed
	if q.Total == nil {
		if confirmed && len(q.Answers) == 0 {
			find("it is confirmed with a total of %s, and no quote is recorded", inWords(total))
		}
		return
	}
	asked := valueOf(j.Payment).Asked
	other := slices.IndexFunc(asked, func(a money.Amount) bool { return a != *q.Total })
	switch {
	case total == nil && confirmed, total != nil && *total != *q.Total:
		find("it was quoted %s, its total is %s", q.Total, inWords(total))
	case q.Units != 0 && q.Units != j.Order.Units:
		find("%d units were quoted, it has %d", q.Units, j.Order.Units)
	case other >= 0:
		find("it was quoted %s, and asked to pay %s", q.Total, asked[other])
	}
}

// valueOf returns the fact, or a zero one if the service has none.
func valueOf[F audit.Fact](f *F) (v F) {
	if f != nil {
		v = *f
	}
	return v
}

func inWords(a *money.Amount) string {
	if a == nil {
		return "not there"
	}
	return a.String()
}
