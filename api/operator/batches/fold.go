package batches

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/services/user"
)

// waiting is the state of an order without an outcome; those are of [contract.NoteBatchState].
const waiting = "waiting"

// Kinds of things that the acts of a batch are about.
const (
	ofOrder = "order "
	ofBatch = "batch "
)

// begin returns the acts that begin a batch: one for each order, with the action. The journal
// gives them times of its own, about those.
func begin(id, by string, in contract.StartBatch, now time.Time) (all []user.Act) {
	for _, order := range in.Orders {
		all = append(all, user.Act{At: now, By: by, About: ofOrder + order, Did: string(in.Action), Reason: in.Reason, Batch: id})
	}
	return all
}

// fold returns the batch of its acts, the oldest first: those that have begun it, and the notes
// since then. A note that seems older, because another process with a clock behind has kept it,
// is none the less one of since then.
func fold(id string, acts []user.Act) contract.Batch {
	slices.SortStableFunc(acts, func(a, b user.Act) int { return cmp.Compare(kind(a), kind(b)) })
	first := acts[0]
	b := contract.Batch{Id: id, Action: first.Did, Reason: first.Reason, By: first.By, CreatedAt: first.At.UTC(), Orders: []contract.BatchOrder{}}
	for _, a := range acts {
		apply(&b, a)
	}
	return b
}

// kind is 1 for a note, and 0 for an act that has begun a batch.
func kind(a user.Act) int {
	if contract.NoteBatchState(a.Did).Valid() {
		return 1
	}
	return 0
}

// apply adds an act to a batch.
func apply(b *contract.Batch, a user.Act) {
	order, ok := strings.CutPrefix(a.About, ofOrder)
	switch {
	case a.Did == string(contract.NoteStopped):
		b.Stopped = true
		b.Turn++
	case a.Did == string(contract.NoteResumed):
		b.Stopped, b.By = false, a.By
		b.Turn++
	case ok && a.Did == b.Action:
		b.Orders = append(b.Orders, contract.BatchOrder{Id: order, State: waiting})
	case ok:
		if i := position(*b, order); i >= 0 {
			b.Orders[i] = contract.BatchOrder{Id: order, State: a.Did, Note: orders.Optional(a.Reason), By: &a.By}
		}
	}
}

// position returns where an order is in a batch, -1 if it is not.
func position(b contract.Batch, order string) int {
	return slices.IndexFunc(b.Orders, func(o contract.BatchOrder) bool { return o.Id == order })
}
