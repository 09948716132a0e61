package clock_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/order/store/clock"
)

// orders are due until they are looked at. Some cannot be.
type orders struct {
	mu     sync.Mutex
	due    []string
	broken map[string]bool
	looks  map[string]int
}

func (o *orders) Due(_ context.Context, _ time.Time, after string, limit int) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ids []string
	for _, id := range o.due {
		if id > after && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (o *orders) Remind(_ context.Context, id string, _ time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looks[id]++
	if o.broken[id] {
		return errors.New("broken")
	}
	o.due = slices.DeleteFunc(o.due, func(d string) bool { return d == id })
	return nil
}

// left returns the orders that are still due.
func (o *orders) left() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.due)
}

func hundreds(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%04d", i))
	}
	return ids
}

// start runs a clock until the test ends, or stop is called.
func start(t *testing.T, db *gorm.DB, o *orders, leaseFor time.Duration) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	c := clock.New(clock.Config{
		DB: db, Orders: o, Every: time.Millisecond, Lease: leaseFor, Now: database.Now, Logger: slog.New(slog.DiscardHandler),
	})
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 5*time.Millisecond)
}

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, database.Schema{barrier.Migrations, database.Set(lease.Name, lease.Migrations)}.Migrate, body)
}

func TestTheClockLooksAtEveryOrderThatIsDue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		all := hundreds(350)
		broken := all[:150] // more than the clock looks for at once
		o := &orders{due: slices.Clone(all), broken: map[string]bool{}, looks: map[string]int{}}
		for _, id := range broken {
			o.broken[id] = true
		}
		start(t, db, o, time.Minute)
		eventually(t, func() bool { return slices.Equal(broken, o.left()) })
	})
}

func TestOneProcessHasTheClockAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		first := &orders{due: hundreds(1), looks: map[string]int{}}
		stop := start(t, db, first, time.Minute)
		eventually(t, func() bool { return len(first.left()) == 0 })

		second := &orders{due: hundreds(1), looks: map[string]int{}}
		start(t, db, second, time.Minute)
		held, err := lease.Held(db.WithContext(t.Context()), "clock")
		require.NoError(t, err)
		require.NotEmpty(t, held.Holder)
		require.Len(t, second.left(), 1, "the first has the lease for a minute")
		stop()
		eventually(t, func() bool { return len(second.left()) == 0 })
	})
}
