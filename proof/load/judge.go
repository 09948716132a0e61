package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/services/order"
)

// end is how an order may end.
type end struct {
	status order.Status
	reason order.Reason
}

func (e end) String() string {
	if e.reason == "" {
		return string(e.status)
	}
	return string(e.status) + " " + string(e.reason)
}

var (
	confirmed  = end{order.Confirmed, ""}
	onRequest  = end{order.Cancelled, order.CustomerRequest}
	outOfStock = end{order.Cancelled, order.OutOfStock}
)

// ends returns how an order may end, by its kind and by the answer to its cancel:
// both an accepted cancel and one that was too late are promises.
func ends(kind Kind, cancel string, hot bool) []end {
	switch kind {
	case Declined:
		return []end{{order.Cancelled, order.PaymentDeclined}}
	case OutOfStock:
		return []end{outOfStock}
	case Undeliverable:
		return []end{{order.Cancelled, order.Undeliverable}}
	case Cancelled:
		switch cancel {
		case cancelAccepted:
			return []end{onRequest}
		case codePastPivot:
			return []end{confirmed}
		default:
			return []end{onRequest, confirmed} // the cancel may or may not have arrived
		}
	default:
		if hot {
			return []end{confirmed, outOfStock}
		}
		return []end{confirmed}
	}
}

func either(ends []end) string {
	names := make([]string, len(ends))
	for i, e := range ends {
		names[i] = e.String()
	}
	return strings.Join(names, " or ")
}

// judge names every order that is not as it must be.
func (r *run) judge(all map[string]found) []Violation {
	violations := []Violation{}
	acknowledged := false
	owner := map[string]*tracked{}
	for _, t := range r.all() {
		acknowledged = acknowledged || t.acknowledged
		say := func(fault Fault, id, format string, args ...any) {
			violations = append(violations, Violation{Fault: fault, OrderID: id, Key: t.key, Kind: t.kind, Detail: fmt.Sprintf(format, args...)})
		}
		for _, id := range t.ids {
			if other := owner[id]; other != nil {
				say(Doubled, id, "key %s is answered with the order of key %s", t.key, other.key)
			}
			owner[id] = t
		}
		r.judgeOne(t, all, say)
	}
	if !acknowledged {
		violations = append(violations, Violation{Fault: Nothing, Detail: fmt.Sprintf("none of %d placements was acknowledged", r.placed.Load())})
	}
	if r.o.Hot != nil {
		violations = append(violations, r.judgeHot(all)...)
	}
	return violations
}

func (r *run) judgeOne(t *tracked, all map[string]found, say func(fault Fault, id, format string, args ...any)) {
	id := t.id()
	for _, refused := range t.refused {
		say(Refused, id, "%s", refused)
	}
	for _, other := range t.ids[min(1, len(t.ids)):] {
		say(Doubled, id, "key %s is also order %s", t.key, other)
	}
	if t.firsts > 1 {
		say(Doubled, id, "%d answers say that they placed it", t.firsts)
	}
	if id == "" {
		return // no answer named it
	}
	f := all[id]
	switch {
	case f.missing && !t.acknowledged:
		return // it may exist, was the answer, and it does not
	case f.missing:
		say(Lost, id, "acknowledged, and not found")
		return
	case !f.known():
		say(Undecided, id, "not known after %s: the last answer was %s", r.o.Wait, f.last)
		return
	}
	if f.differs != "" {
		say(Wrong, id, "%s", f.differs)
	}
	if !f.decided() {
		say(Undecided, id, "%s after %s%s", f.status, r.o.Wait, f.attention)
		return
	}
	got := end{order.Status(f.status), order.Reason(f.reason)}
	seen := end{order.Status(t.status), order.Reason(t.reason)}
	if t.bare {
		seen.reason = got.reason
	}
	if t.status != "" && seen != got {
		say(Wrong, id, "was answered as %s, and now is %s", seen, got)
	}
	allowed := ends(t.kind, t.cancel, r.o.Hot != nil)
	if !slices.Contains(allowed, got) {
		say(Wrong, id, "is %s, and must be %s%s", got, either(allowed), f.attention)
	}
}

// judgeHot reports whether the units left were sold, no more and no less.
func (r *run) judgeHot(all map[string]found) []Violation {
	hot := *r.o.Hot
	sold, wanted, unknown := 0, 0, 0
	for _, t := range r.all() {
		f := all[t.id()]
		switch {
		case f.decided():
			wanted++
			if f.status == string(order.Confirmed) {
				sold++
			}
		case !f.missing:
			unknown++ // undecided, or never answered: it may hold a unit
		}
	}
	detail := fmt.Sprintf("%d of %s confirmed, %d were left, %d orders wanted one", sold, hot.SKU, hot.Left, wanted+unknown)
	switch {
	case sold > hot.Left:
		return []Violation{{Fault: Oversold, Detail: detail}}
	case sold+unknown < min(hot.Left, wanted+unknown):
		return []Violation{{Fault: Undersold, Detail: detail}}
	}
	return nil
}
