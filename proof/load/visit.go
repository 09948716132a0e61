package load

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

const (
	// longPoll is the longest wait that the API grants.
	longPoll = 30 * time.Second
	// betweenPolls is the pause after a wait that ended too soon.
	betweenPolls = 250 * time.Millisecond
)

// tracked is the client's record of a placed order.
type tracked struct {
	n    int
	kind Kind
	key  string
	// style is the one that was asked for; empty: any.
	style client.Style

	mu           sync.Mutex
	ids          []string // every order that an answer named, each once
	acknowledged bool     // by a 2xx; else an id is only its possible location
	firsts       int      // answers that claim to have placed it
	replayed     int      // answers to placements that say that another one did
	doubtful     bool     // an answer to a placement leaves open whether there is an order
	refused      []string // answers that a good request must not get
	status       string   // the decision that the client saw
	reason       string
	bare         bool // it saw no more than that: the reason was not told

	cancel        string        // the answer to its cancel
	acknowledging time.Duration // from when it was due; 0: not measured
}

// id is the order, or "" if no answer named it.
func (t *tracked) id() string {
	if len(t.ids) == 0 {
		return ""
	}
	return t.ids[0]
}

// seen remembers one answer to a placement.
func (t *tracked) seen(a answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case a.good():
		t.acknowledged = true
		t.named(a.order.Id)
		if t.style != "" && a.order.Style != t.style {
			t.refused = append(t.refused, "it was asked for "+string(t.style)+", and is "+string(a.order.Style))
		}
		switch {
		case !a.replayed:
			t.firsts++
		case a.call == callPlace:
			t.replayed++
		}
		// A decision alone tells nothing new, unless it is another one than was told before.
		if decided(a.order) && (t.status != a.order.Status || !bare(a.order)) {
			t.status, t.reason, t.bare = a.order.Status, reasonOf(a.order), bare(a.order)
		}
	case a.located != "":
		t.named(a.located)
	}
	t.doubtful = t.doubtful || a.doubtful()
	if !a.good() && !a.again() {
		t.refused = append(t.refused, "its placement was answered "+a.String())
	}
}

func (t *tracked) named(id string) {
	if !slices.Contains(t.ids, id) {
		t.ids = append(t.ids, id)
	}
}

func decided(o client.Order) bool { return o.Status != string(order.Pending) }

// bare reports whether an answer has a decision alone, without its reason and the order's
// lines: the engine gave it, because no worker answered. A later answer has them.
func bare(o client.Order) bool {
	return decided(o) && len(o.Lines) == 0 && o.Source == client.SourceEngine
}

func reasonOf(o client.Order) string {
	if o.Reason == nil {
		return ""
	}
	return *o.Reason
}

// visit is a customer's turn: an order that is due, from its placement until the
// end of the turn.
func (r *run) visit(ctx context.Context, n int, due time.Time) {
	r.placed.Add(1)
	r.inFlight.Add(1)
	defer r.inFlight.Add(-1)

	p := r.o.plan(r.id, n)
	t := &tracked{n: n, kind: p.kind, key: p.key, style: p.body.Style}
	r.remember(t)
	r.startDelay.add(time.Since(due))
	body, err := json.Marshal(p.body)
	if err != nil {
		panic(err) // a struct of strings and numbers
	}

	waits := r.o.Until == UntilDecided
	// A customer who waits for the decision at once does not learn when the order
	// was acknowledged, and cannot cancel it then.
	split := !waits || p.sampled || p.kind == Cancelled
	wait := longPoll
	if split {
		wait = 0
	}
	first, err := r.placeAll(ctx, t, body, wait)
	if err != nil || !first.good() {
		return
	}
	r.acknowledged.Add(1)
	if split {
		t.acknowledging = first.at.Sub(due)
		r.acknowledgement.add(t.acknowledging)
	}
	if p.kind == Cancelled {
		a, err := r.call.cancel(ctx, first.order.Id)
		if err != nil {
			return
		}
		t.cancelled(a)
	}
	last := first
	if waits && !decided(last.order) {
		if last, err = r.await(ctx, t, body); err != nil {
			return
		}
	}
	if last.good() && decided(last.order) {
		r.decided.Add(1)
		if waits {
			r.decision[everyKind].add(last.at.Sub(due))
			r.decision[p.kind].add(last.at.Sub(due))
		}
	}
}

// placeAll places an order, or twice at once, and returns the first answer that
// acknowledged it, if any did.
func (r *run) placeAll(ctx context.Context, t *tracked, body []byte, wait time.Duration) (answer, error) {
	if t.kind != Duplicate {
		return r.call.place(ctx, callPlace, t.key, body, wait, t.seen)
	}
	r.duplicates.Add(1)
	var twins [2]struct {
		answer
		err error
	}
	var both sync.WaitGroup
	for i := range twins {
		both.Go(func() { twins[i].answer, twins[i].err = r.call.place(ctx, callPlace, t.key, body, wait, t.seen) })
	}
	both.Wait()
	first, second := twins[0], twins[1]
	if !first.good() || second.good() && second.at.Before(first.at) {
		first = second
	}
	return first.answer, first.err
}

// await asks again for a placed order, until it is decided or its wait is over.
func (r *run) await(ctx context.Context, t *tracked, body []byte) (answer, error) {
	until := time.Now().Add(r.o.Wait)
	for {
		left := min(longPoll, time.Until(until).Truncate(time.Second))
		if left < time.Second {
			return answer{}, nil
		}
		a, err := r.call.place(ctx, callWait, t.key, body, left, t.seen)
		if err != nil || !a.good() || decided(a.order) {
			return a, err
		}
		if err := sleep(ctx, betweenPolls); err != nil {
			return a, err
		}
	}
}

// cancelled records the answer to an order's cancel.
func (t *tracked) cancelled(a answer) {
	switch {
	case a.good():
		t.cancel = cancelAccepted
	case a.code == codePastPivot:
		t.cancel = codePastPivot
	case a.again():
		t.cancel = CancelUnanswered
	default:
		t.cancel = a.String()
		t.refused = append(t.refused, "its cancel was answered "+a.String())
	}
}

// Answers to a cancel, beside PAST_PIVOT.
const (
	cancelAccepted = "ACCEPTED"
	// CancelUnanswered is a cancel that no attempt got an answer to, other than to come back.
	CancelUnanswered = "UNANSWERED"
)
