package inbox_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/trouble"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
)

// reported keeps the reports of a group. Those of broken events count if they are wanted.
type reported struct {
	mu     sync.Mutex
	of     map[string][]string // by key
	broken bool
}

func (r *reported) report(tx *gorm.DB, e event.Event, t event.Trouble) (bool, error) {
	if t.State == event.Broken && !r.broken {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string][]string{}
	}
	r.of[e.Key] = append(r.of[e.Key], fmt.Sprint(t.State, " ", t.Code))
	return true, tx.Exec("INSERT INTO effect (position, event_key, n) VALUES (?, ?, 1)", len(r.of[e.Key]), e.Key).Error
}

func (r *reported) about(key string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.of[key])
}

// word returns a report as reported keeps it.
func word(s event.TroubleState, code fault.Code) string { return fmt.Sprint(s, " ", code) }

func TestWhatIsStuckIsReportedUntilItIsHandled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "parked", 0), nth(told, "slow", 0), nth(told, "quick", 0))
		o, r := quick(db, b), &reported{}
		o.Retry.FlagAfter, o.Report = 50*time.Millisecond, r.report
		var mended, other atomic.Bool
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			switch first := h.call(e) == 1; {
			case e.Key == "parked":
				return bug
			case e.Key == "quick" && first:
				return transient // and is handled before it is flagged
			case e.Key == "slow" && other.Load() && !mended.Load():
				return fault.Errorf(fault.Unknown, "LOST", "perhaps")
			case e.Key == "slow" && !mended.Load():
				return transient
			}
			h.effect(e)
			return nil
		}), o))
		slow := []string{word(event.Stuck, fault.Unavailable)}
		eventually(t, func() bool { return len(r.about("slow")) == 1 && len(r.about("parked")) == 1 && h.total() == 1 })
		require.Equal(t, slow, r.about("slow"))
		require.Equal(t, []string{word(event.Stuck, fault.Mismatch)}, r.about("parked"))

		other.Store(true)
		slow = append(slow, word(event.Stuck, "LOST"))
		eventually(t, func() bool { return len(r.about("slow")) == 2 })
		mended.Store(true)
		slow = append(slow, word(event.Recovered, "LOST"))
		eventually(t, func() bool { return len(r.about("slow")) == 3 })
		require.Equal(t, slow, r.about("slow"), "each is reported once")
		require.Empty(t, r.about("quick"))

		// An operator gives the dead letter up.
		d := waiting.NewDesk(db)
		d.Discarded = trouble.Report(r.report).Discarded
		ask := waiting.Request{Selection: waiting.Selection{Group: "g", ID: nth(told, "parked", 0).ID}, Reason: "known", Operator: "ada"}
		_, err := d.Discard(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, []string{word(event.Stuck, fault.Mismatch), word(event.Recovered, fault.Mismatch)}, r.about("parked"))
		require.Equal(t, int64(5), count(t, db, "effect"), "in the transactions of the letters")
	})
}

// A bug that others are told of is handled by that: no later event of its key waits.
func TestABugThatIsReportedParksNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "once", 0), nth(told, "once", 1), nth(told, "later", 0), nth(told, "later", 1))
		o, r := quick(db, b), &reported{broken: true}
		o.Report = r.report
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			first := h.call(e) == 1
			switch n, err := number(e); {
			case err != nil:
				return err
			case n == 0 && e.Key == "later" && first:
				return transient
			case n == 0:
				return bug
			}
			h.effect(e)
			return nil
		}), o))
		eventually(t, func() bool { return h.total() == 2 && b.unacknowledged() == 0 && len(letters(t, db, "")) == 0 })
		for _, key := range []string{"once", "later"} {
			require.Equal(t, []string{word(event.Broken, fault.Mismatch)}, r.about(key), key)
			require.Equal(t, []int{1}, h.order(key), key)
		}
	})
}
