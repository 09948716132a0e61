package judge

import (
	"cmp"
	"strings"
	"time"

	"github.com/amends/amends/services/inventory"
)

// imported judges an order that another program has placed and decided: its record, and that
// no service here acts for it. The read model may have it or not, and no mail tells of it.
func (j *judgement) imported() {
	j.add("order", j.Order.Judge())
	for _, s := range Services {
		fact, known := s.fact(&j.Facts)
		if !known || s.Follows {
			continue
		}
		_, traces := fact.Trace()
		j.find(NoneLost, ImportedActs, s.Name, false, "it was imported, and %s has %s", s.Name, cmp.Or(strings.Join(traces, ", "), "steps of it that left nothing"))
	}
	if j.Mails != nil {
		j.find(NoneLost, ImportedActs, "notification", false, "it was imported, and its customer was sent a mail from here")
	}
}

// reserved judges the stock that another program has reserved for an order of its own, which
// this platform does not have: it is sold or released in time, and nothing else is done for it.
// It reports whether the saga is one of these.
func (j *judgement) reserved(now time.Time, grace time.Duration) bool {
	if !inventory.IsLegacy(j.Saga) || j.Inventory == nil {
		return false
	}
	if j.since = j.Inventory.Since; now.Sub(j.since) >= grace {
		j.add("inventory", j.Inventory.JudgeLegacy())
	}
	return true
}
