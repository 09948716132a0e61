package chaos

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amends/amends/services/payment"
)

// pivot has the ids of the choreographed orders that reached the capture, by its outcome.
type pivot struct{ captured, refused []string }

// pivotOf reads it from the events of all outboxes, in which a result may be told anew.
func pivotOf(outboxes []told) pivot {
	reached := map[string]map[string]bool{payment.CapturedFact.Type(): {}, payment.CaptureRefusedFact.Type(): {}}
	for _, t := range outboxes {
		if of, ok := reached[t.kind]; ok && t.styled {
			of[t.key] = true
		}
	}
	of := func(kind string) []string { return slices.Sorted(maps.Keys(reached[kind])) }
	return pivot{captured: of(payment.CapturedFact.Type()), refused: of(payment.CaptureRefusedFact.Type())}
}

// least is the share of the choreographed orders that must reach the capture in a long run,
// as one in so many. Without faults it is about one in two: customers cancel a quarter of the
// others, or their goods, address or money refuse.
const least = 5

// provePivot says why a run proves too little about the time behind the pivot of choreographed
// orders, nil if it proves enough. In a short one each service is away for a good part of the
// time, so the share may be any.
func (r *Report) provePivot() error {
	all := 0
	for _, n := range r.Choreographed {
		all += n
	}
	var wrong []error
	if reached := r.Captured + r.CaptureRefused; r.Options.For >= time.Minute && reached*least < all {
		wrong = append(wrong, fmt.Errorf("invalid: of %d choreographed orders only %d reached their pivot", all, reached))
	}
	if r.Captured == 0 {
		wrong = append(wrong, errors.New("invalid: no choreographed order was paid"))
	}
	if r.CaptureRefused == 0 {
		wrong = append(wrong, errors.New("invalid: no choreographed order was refused its capture"))
	}
	return errors.Join(wrong...)
}
