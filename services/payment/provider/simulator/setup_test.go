package simulator_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// clock is a clock that stands still until it is set forward.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type testBundle struct {
	*simulator.Simulator
	db    *gorm.DB
	clock *clock
}

// each runs body against a simulator on each database; nothing hangs for long.
func each(t *testing.T, body func(t *testing.T, b *testBundle)) {
	t.Helper()
	dbtest.Each(t, simulator.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
		o := simulator.Options{HangFor: time.Millisecond, SlowFor: time.Millisecond, Now: c.Now}
		body(t, &testBundle{Simulator: simulator.New(db, o), db: db, clock: c})
	})
}

var eur = money.New(1299, "EUR")

func authorization(key, token string) provider.Authorization {
	return provider.Authorization{Key: key, Amount: eur, Token: token}
}

// authorize authorizes and requires that it worked.
func (b *testBundle) authorize(t *testing.T, key, token string) provider.Effect {
	t.Helper()
	e, err := b.Authorize(t.Context(), authorization(key, token))
	require.NoError(t, err)
	require.Equal(t, provider.Authorized, e.State)
	return e
}

// state returns the state that the book has for key, "" if none.
func (b *testBundle) state(t *testing.T, key string) provider.State {
	t.Helper()
	book, err := b.Book(t.Context())
	require.NoError(t, err)
	for _, e := range book {
		if e.Key == key {
			return e.State
		}
	}
	return ""
}

// race runs f n times at once.
func race(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
