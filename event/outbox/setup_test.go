package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = database.Schema{barrier.Migrations, database.Set(lease.Name, lease.Migrations), database.Set(outbox.Name, outbox.Migrations)}

type change struct {
	N int `json:"n"`
}

var changed = event.Declare[change](event.Declaration{Service: "inventory", Name: "stock_changed", Version: 1, Key: "sku"})

// patient is how long a test waits for the work of a relay.
const patient = time.Minute

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, schema.Migrate, body)
}

// tell commits the events in one transaction.
func tell(ctx context.Context, db *gorm.DB, events ...event.Event) error {
	return txn.Run(ctx, db, func(tx *gorm.DB) error { return outbox.Tell(tx, events...) })
}

// some returns n events, numbered from first, of as many keys.
func some(first, n, keys int) (events []event.Event) {
	for i := first; i < first+n; i++ {
		events = append(events, changed.New(fmt.Sprintf("SKU-%d", i%keys), "", change{i}))
	}
	return events
}

// start runs a relay until the test ends or stop is called.
func start(t *testing.T, r *outbox.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// options are those of a relay that tests wait for: its poll is short.
func options() outbox.Options {
	return outbox.Options{Service: "inventory", Poll: 20 * time.Millisecond, Lease: 30 * time.Second, Logger: slog.New(slog.DiscardHandler)}
}

// woken are the options of a relay that never polls after its first round.
func woken() outbox.Options {
	o := options()
	o.Poll, o.Lease = time.Hour, 3*time.Hour
	return o
}

func count(t *testing.T, db *gorm.DB, where string) (n int) {
	t.Helper()
	require.NoError(t, db.Raw("SELECT count(*) FROM outbox WHERE "+where).Scan(&n).Error)
	return n
}

// eventually waits until ok.
func eventually(t *testing.T, ok func() bool, words ...any) {
	t.Helper()
	require.Eventually(t, ok, patient, 2*time.Millisecond, words...)
}

// idle starts r and waits until it has done its first round.
func idle(t *testing.T, r *outbox.Relay) (stop func()) {
	t.Helper()
	r.Rounds.Enable()
	stop = start(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	err, late := r.Rounds.Wait(ctx)
	require.NoError(t, late)
	require.NoError(t, err)
	return stop
}

// numbers returns the numbers of the messages of each key in the order in which they
// were first stored, and how many were stored again.
func numbers(t *testing.T, stored []event.Message) (byKey map[string][]int, repeats int) {
	t.Helper()
	byKey = map[string][]int{}
	seen := map[string]bool{}
	for _, m := range stored {
		if seen[m.ID] {
			repeats++
			continue
		}
		seen[m.ID] = true
		e, err := event.Decode(m)
		require.NoError(t, err)
		data, err := changed.Read(e)
		require.NoError(t, err)
		byKey[m.Key] = append(byKey[m.Key], data.N)
	}
	return byKey, repeats
}

// requireAll requires that each of n events of so many keys, told by some, is stored,
// those of a key in order.
func requireAll(t *testing.T, stored []event.Message, n, keys int) (repeats int) {
	t.Helper()
	want := map[string][]int{}
	for i := range n {
		key := fmt.Sprintf("SKU-%d", i%keys)
		want[key] = append(want[key], i)
	}
	got, repeats := numbers(t, stored)
	require.Equal(t, want, got)
	return repeats
}

// scattering is a broker that loses some messages of some batches, and stores others
// behind them.
type scattering struct {
	*eventtest.Memory
	left int // failures
}

func (s *scattering) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	if s.left == 0 || rand.N(2) == 0 {
		return s.Memory.Publish(ctx, batch)
	}
	s.left--
	n := rand.N(len(batch))
	positions, err := s.Memory.Publish(ctx, batch[:n])
	for _, m := range batch[n+1:] {
		if err == nil && rand.N(2) == 0 {
			_, err = s.Memory.Publish(ctx, []event.Message{m})
		}
	}
	if err != nil {
		return positions, err
	}
	return positions, fault.Errorf(fault.Transient, fault.Unavailable, "the broker failed at message %d", n)
}

// refusing is a broker that refuses messages with certain data.
type refusing struct {
	*eventtest.Memory
	data string
}

func (r *refusing) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	for i, m := range batch {
		if strings.Contains(string(m.Data), r.data) {
			positions, err := r.Memory.Publish(ctx, batch[:i])
			if err != nil {
				return positions, err
			}
			return positions, fault.Errorf(fault.Bug, fault.Invalid, "event %s is too heavy", m.ID)
		}
	}
	return r.Memory.Publish(ctx, batch)
}

// counting is a broker that counts the batches that it gets.
type counting struct {
	*eventtest.Memory
	batches atomic.Int64
}

func (c *counting) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	c.batches.Add(1)
	return c.Memory.Publish(ctx, batch)
}

// asked is a broker that counts the questions for a message.
type asked struct {
	*eventtest.Memory
	questions atomic.Int64
}

func (a *asked) Holds(ctx context.Context, position uint64, id string) (bool, error) {
	a.questions.Add(1)
	return a.Memory.Holds(ctx, position, id)
}
