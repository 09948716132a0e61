package events_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/brokertest"
	"github.com/amends/amends/proof/dbtest"
)

// poisoned is how many events there are to one that meets a bug.
const poisoned = 1000

// bugs are those of a handler: the events that meet one.
type bugs struct {
	mu sync.Mutex
	of map[string]bool
}

// meets returns the fault of a bug.
func (b *bugs) meets(e event.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of[e.ID] {
		return fault.Errorf(fault.Bug, fault.Internal, "a planted bug")
	}
	return nil
}

// are makes the bugs those that the events meet.
func (b *bugs) are(events ...event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of = map[string]bool{}
	for _, e := range events {
		b.of[e.ID] = true
	}
}

// TestPoisonStopsOnlyItsKey sends events of many keys, one in a thousand of which meets a
// bug, through a broker to a reaction and a projection. An operator redrives them before
// the bugs are mended, when some are, and when all are.
func TestPoisonStopsOnlyItsKey(t *testing.T) {
	t.Parallel()
	for kind, group := range map[string]func(string, inbox.Options, refusal) *inbox.Group{"reaction": react, "projection": project} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for engine, dsn := range engines {
				t.Run(engine, func(t *testing.T) {
					t.Parallel()
					db := dbtest.Open(t, dsn(t), database.Options{})
					require.NoError(t, migrate(t.Context(), db))
					poison(t, db, group)
				})
			}
		})
	}
}

func poison(t *testing.T, db *gorm.DB, group func(string, inbox.Options, refusal) *inbox.Group) {
	t.Helper()
	const events, keys = 3 * poisoned, 37
	ctx := t.Context()
	bus, err := jetstream.Open(brokertest.Start(t).URL(), role{}.bus())
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	await(t, "the broker is ready", func() bool { return bus.Ready(ctx) == nil })

	all, batch := told{}, make([]event.Message, events)
	var poison []event.Event // in the order of their keys
	var behind []int         // each of them, itself included
	blocked := 0
	for i := range batch {
		e := numbered(counted["payment"], fmt.Sprintf("order-%d", i%keys), i/keys+1)
		all[e.ID], batch[i] = e.Correlation, event.Encode(e)
		if i%poisoned == poisoned/2 {
			poison, behind = append(poison, e), append(behind, (events-i+keys-1)/keys)
			blocked += (events - i + keys - 1) / keys
		}
	}
	b := new(bugs)
	b.are(poison...)
	o := role{}.inbox(db, bus)
	o.Poll, o.Step = 20*time.Millisecond, 20*time.Millisecond
	run(t, group("g", o, b.meets).Run)
	_, err = bus.Publish(ctx, batch)
	require.NoError(t, err)

	// stands reports whether so many are dead and so many wait, and all others are handled.
	stands := func(dead, waits int) func() bool {
		return func() bool {
			s, err := waiting.Stand(ctx, db, "g")
			return err == nil && int(s.Dead) == dead && int(s.Waiting) == waits && effects(db, "g") == len(all)-dead-waits
		}
	}
	await(t, "all other keys go on", stands(3, blocked-3))
	for _, p := range poison {
		urgent := numbered(overtook, p.Key, 1)
		all[urgent.ID] = urgent.Correlation
		_, err = bus.Publish(ctx, []event.Message{event.Encode(urgent)})
		require.NoError(t, err)
	}
	await(t, "urgent facts overtake", stands(3, blocked-3))

	p := redriven(t, db, waiting.Selection{All: true})
	require.Equal(t, map[string]int64{"failed": 1, "requested": 2}, p.Items, "no bug is mended")
	require.Equal(t, []string{"stopped", poison[0].ID}, []string{p.State, p.Failed})
	await(t, "nothing has changed", stands(3, blocked-3))

	b.are(poison[1])
	p = redriven(t, db, waiting.Selection{All: true})
	require.Equal(t, map[string]int64{"handled": 1, "failed": 1, "requested": 1}, p.Items, "one bug is not mended")
	require.Equal(t, []string{"stopped", poison[1].ID}, []string{p.State, p.Failed})
	await(t, "the first key goes on", stands(2, blocked-behind[0]-2))

	b.are()
	var both errgroup.Group
	for range 2 {
		both.Go(func() error {
			_, _, err := waiting.NewDesk(db).Redrive(ctx, request(waiting.Selection{ID: poison[1].ID}))
			if fault.CodeOf(err) == fault.NotFound {
				return nil // the other one was faster
			}
			return err
		})
	}
	require.NoError(t, both.Wait())
	await(t, "the second key goes on", stands(1, behind[2]-1))
	p = redriven(t, db, waiting.Selection{All: true})
	require.Equal(t, "done", p.State)
	await(t, "all is handled", stands(0, 0))
	all.judge(t, db, "g")
}

// numbered returns the nth event of a key.
func numbered(f event.Fact[count], key string, n int) event.Event {
	e := f.New(key, fmt.Sprintf("%s-%s-%d", f.Name, key, n), count{N: int64(n)})
	e.ID, e.Time = "event-"+e.Correlation, time.Now()
	return e
}

// request is that of an operator.
func request(s waiting.Selection) waiting.Request {
	s.Group = "g"
	return waiting.Request{Selection: s, Reason: "the bug is mended", Operator: "ada"}
}

// redriven redrives letters, and returns the end of that.
func redriven(t *testing.T, db *gorm.DB, s waiting.Selection) (p waiting.Progress) {
	t.Helper()
	r, _, err := waiting.NewDesk(db).Redrive(t.Context(), request(s))
	require.NoError(t, err)
	await(t, "the redrive ends", func() bool {
		p, err = waiting.NewDesk(db).Progress(t.Context(), r.ID)
		return err == nil && p.EndedAt != nil
	})
	return p
}
