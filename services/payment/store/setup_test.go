package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/store"
)

type testBundle struct {
	*outside.Outside
	store  *store.Store
	db     *gorm.DB
	theirs *gorm.DB
	wire   *wire
	book   *simulator.Simulator
	clock  *clock
}

// each runs body against the service on each database. Nothing hangs for long.
func each(t *testing.T, body func(t *testing.T, b *testBundle)) {
	t.Helper()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		body(t, setup(t, db, simulator.Options{HangFor: time.Millisecond, SlowFor: time.Millisecond}))
	})
}

// setup returns the service over db and a provider with a book of its own, always
// in SQLite: the simulator's tests run it on both databases.
func setup(t *testing.T, db *gorm.DB, o simulator.Options) *testBundle {
	t.Helper()
	bookDB := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, simulator.Schema.Migrate(t.Context(), bookDB))
	c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	o.Now = c.Now
	book := simulator.New(bookDB, o)
	s, w := store.New(db), newWire(book)
	return &testBundle{Outside: outside.New(s, w, outside.Options{}), store: s, db: db, theirs: bookDB, wire: w, book: book, clock: c}
}

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

func authorizeKey(saga string) key.Key { return key.New(saga, "payment.authorize") }
func captureKey(saga string) key.Key   { return key.New(saga, "payment.capture") }
func refundKey(saga string, n int) key.Key {
	return key.Key{Saga: saga, Step: "payment.refund", Generation: n}
}

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

var total = eur(12600)

func (b *testBundle) authorize(ctx context.Context, saga, token string) (payment.Authorization, error) {
	return b.Authorize(ctx, authorizeKey(saga), payment.AuthorizeRequest{Amount: total, Token: token})
}

func (b *testBundle) capture(ctx context.Context, saga string) (payment.Capture, error) {
	return b.Capture(ctx, captureKey(saga), payment.CaptureRequest{Amount: total})
}

// held authorizes total and requires that it worked.
func (b *testBundle) held(t *testing.T, saga, token string) payment.Authorization {
	t.Helper()
	a, err := b.authorize(t.Context(), saga, token)
	require.NoError(t, err)
	return a
}

// taken authorizes and captures total and requires that both worked.
func (b *testBundle) taken(t *testing.T, saga string) payment.Capture {
	t.Helper()
	b.held(t, saga, simulator.TokenVisa)
	c, err := b.capture(t.Context(), saga)
	require.NoError(t, err)
	return c
}

// payment returns the one payment of saga.
func (b *testBundle) payment(t *testing.T, saga string) payment.Payment {
	t.Helper()
	all, err := b.store.Payments(t.Context())
	require.NoError(t, err)
	var mine []payment.Payment
	for _, p := range all {
		if p.Key.Saga == saga {
			mine = append(mine, p)
		}
	}
	require.Len(t, mine, 1)
	return mine[0]
}

// requireFault requires that err is a fault of that kind and code.
func requireFault(t require.TestingT, err error, kind fault.Kind, code fault.Code) {
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err))
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}

// reset empties both databases and heals the wire.
func (b *testBundle) reset(t require.TestingT) {
	for _, table := range []string{"postings", "invoices", "refund_notes", "transfers", "payments", "barrier", "series"} {
		require.NoError(t, b.db.Exec("DELETE FROM "+table).Error)
	}
	for _, table := range []string{"effects", "failures"} {
		require.NoError(t, b.theirs.Exec("DELETE FROM "+table).Error)
	}
	b.wire.Heal()
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

// refundPastUs refunds at the provider without our knowing.
func (b *testBundle) refundPastUs(t *testing.T, saga string, a money.Amount) {
	t.Helper()
	_, err := b.book.Refund(t.Context(), provider.Refund{Key: "dashboard", Capture: captureKey(saga).String(), Amount: a})
	require.NoError(t, err)
}
