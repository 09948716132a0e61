package course

import (
	"time"

	"github.com/amends/amends/services/order"
)

// Waits returns the name of the fact from which the services of an order have to go on, as
// "order.placed"; empty: it is decided, or a workflow takes it on.
func Waits(r order.Record) string {
	if r.Course == nil || r.Status != order.Pending {
		return ""
	}
	fact := r.Newest().Declaration
	return fact.Service + "." + fact.Name
}

// HeardAt returns when a choreographed order last made progress, by the clock of the order
// service and of those that told it.
func HeardAt(r order.Record) time.Time {
	at := r.CreatedAt
	for _, t := range []time.Time{r.Course.AskedAt, r.DecidedAt} {
		if t.After(at) {
			at = t
		}
	}
	for _, s := range r.Course.Steps {
		if s.EndedAt.After(at) {
			at = s.EndedAt
		}
	}
	return at
}
