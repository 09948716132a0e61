package audit

// ToldOnce is the invariant that every result of a saga is told once: to other services,
// to the read model, and to the customer who is to hear of it.
const ToldOnce Invariant = "I10"

// The kinds of findings about events, which every service may have.
const (
	NotTold     Kind = "not_told"    // a result is recorded, and no event tells it
	ToldTwice   Kind = "told_twice"  // several events tell one result, and no event has asked for that
	Undelivered Kind = "undelivered" // events wait for too long, or are given up
)

// Telling describes, in words, how the events of a saga in its service's outbox differ
// from the recorded results.
type Telling struct {
	Missing []string `json:"missing,omitempty"` // results that no event tells
	Doubled []string `json:"doubled,omitempty"` // results that several events tell
}

// Telling adds one finding per difference. None is repairable: the event may have been
// published before its row was lost.
func (f *Findings) Telling(t Telling) {
	f.Texts(ToldOnce, NotTold, t.Missing)
	f.Texts(ToldOnce, ToldTwice, t.Doubled)
}
