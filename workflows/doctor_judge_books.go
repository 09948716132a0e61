package workflows

import (
	"slices"

	"github.com/amends/amends/internal/money"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	"github.com/amends/amends/services/order"
)

// quote judges whether the one quote that is recorded is what everybody went by.
func (j *judgement) quote() {
	if !j.asked("catalog") {
		return
	}
	var q catalogaudit.Fact
	if j.Catalog != nil {
		q = *j.Catalog
	}
	j.wrong(OneAnswer, FindingAnswer, "catalog", q.Answers)
	find := func(format string, args ...any) { j.find(OneAnswer, FindingQuote, "catalog", false, format, args...) }
	total, confirmed := j.Order.Total, j.Order.Status == order.Confirmed
	if q.Total == nil {
		if confirmed && len(q.Answers) == 0 {
			find("it is confirmed with a total of %s, and no quote is recorded", inWords(total))
		}
		return
	}
	other := slices.IndexFunc(moneyOf(j.Payment).Asked, func(a money.Amount) bool { return a != *q.Total })
	switch {
	case total == nil && confirmed, total != nil && *total != *q.Total:
		find("it was quoted %s, its total is %s", q.Total, inWords(total))
	case q.Units != 0 && q.Units != j.Order.Units: // 0: of a worker of an older release
		find("%d units were quoted, it has %d", q.Units, j.Order.Units)
	case other >= 0:
		find("it was quoted %s, and asked to pay %s", q.Total, j.Payment.Asked[other])
	}
}

// books judges whether the outside world's books are ours, and whether each
// service agrees with itself.
func (j *judgement) books() {
	if f := j.Inventory; f != nil {
		j.wrong(LegalHistory, FindingBarrier, "inventory", f.Wrong)
		j.wrong(ExactUndo, FindingUndo, "inventory", f.Undone)
		j.wrong(OneAnswer, FindingAnswer, "inventory", f.Answers)
	}
	if f := j.Payment; f != nil {
		j.wrong(LegalHistory, FindingBarrier, "payment", f.Wrong)
		for _, step := range f.Open {
			j.find(LegalHistory, FindingBarrier, "payment", false, "%s was begun and never concluded", step)
		}
		for _, d := range f.Differ {
			j.unlessWaived(d.Step, MoneyAddsUp, FindingProviderBook, "payment", d.What)
		}
		for _, d := range f.Undone {
			j.unlessWaived(d.Step, ExactUndo, FindingUndo, "payment", d.What)
		}
		j.wrong(OneAnswer, FindingAnswer, "payment", f.Answers)
	}
	if f := j.Shipping; f != nil {
		j.wrong(LegalHistory, FindingBarrier, "shipping", f.Wrong)
		for _, d := range f.Differ {
			j.unlessWaived(d.Step, AtMostOnce, FindingCarrierBook, "shipping", d.What)
		}
		for _, d := range f.Undone {
			j.unlessWaived(d.Step, ExactUndo, FindingUndo, "shipping", d.What)
		}
		j.wrong(OneAnswer, FindingAnswer, "shipping", f.Answers)
	}
}

// unlessWaived reports what somebody has not given up on: who did may have settled
// it outside, which the service did not see.
func (j *judgement) unlessWaived(step string, i Invariant, kind FindingKind, service, what string) {
	if !j.waived(step) {
		j.find(i, kind, service, false, "%s", what)
	}
}
