package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store"
)

const (
	theSecret = "a secret of tests that is long enough"
	good      = "correct horse battery"
	better    = "staple the battery of a horse"
)

// quick makes hashes that cost nothing: no test is about their price.
var quick = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// testBundle is a store with a clock of its own.
type testBundle struct {
	*store.Store

	db     *gorm.DB
	clock  *clock
	orders *orders
	told   *told.Reader
}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// orders answers as tests want.
type orders struct {
	undecided bool
	err       error
	erased    []user.Decision
	away      error  // of Erase
	asked     func() // before Undecided answers
}

// Undecided implements [user.Orders].
func (o *orders) Undecided(context.Context, string) (bool, error) {
	if o.asked != nil {
		o.asked()
	}
	return o.undecided, o.err
}

// Erase implements [user.Orders].
func (o *orders) Erase(_ context.Context, d user.Decision) error {
	o.erased = append(o.erased, d)
	return errors.Join(o.err, o.away)
}

// each runs body on every kind of database.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) { body(t, setup(t, db)) })
}

func setup(t *testing.T, db *gorm.DB) testBundle {
	t.Helper()
	b := testBundle{db: db, clock: &clock{at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}, orders: &orders{}, told: told.New(db)}
	b.Store = b.with(t, store.Options{})
	return b
}

// with returns another store on the database, as a process of its own has it.
func (b testBundle) with(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	if o.Secret == "" {
		o.Secret = theSecret
	}
	if o.Policy == (argon2id.Params{}) {
		o.Policy = quick
	}
	o.Now, o.Orders = b.clock.now, b.orders
	s, err := store.New(b.db, o)
	require.NoError(t, err)
	return s
}

// account makes an account of a customer with the password good.
func (b testBundle) account(t *testing.T, email string) user.Account {
	t.Helper()
	a, err := b.Create(t.Context(), user.Registration{Email: email, Password: good, Name: "A. Buyer", Locale: "en"}, user.Customer, "tests")
	require.NoError(t, err)
	return a
}

func (b testBundle) logIn(t *testing.T, email string) user.Tokens {
	t.Helper()
	tokens, err := b.LogIn(t.Context(), user.Login{Email: email, Password: good, Device: "tests"})
	require.NoError(t, err)
	return tokens
}

// mail returns the newest mail to an address.
func (b testBundle) mail(t *testing.T, email string) user.Mail {
	t.Helper()
	all, err := b.Mails(t.Context(), 100)
	require.NoError(t, err)
	for _, m := range all {
		if strings.EqualFold(m.To, email) {
			return m
		}
	}
	require.Fail(t, "no mail", email)
	return user.Mail{}
}

func requireRefusal(t *testing.T, err error, code fault.Code) {
	t.Helper()
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Business, fault.KindOf(err), "%v", err)
}

// atOnce runs f n times at the same time.
func atOnce[T any](n int, f func(i int) (T, error)) (results []T, errs []error) {
	results, errs = make([]T, n), make([]error, n)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			results[i], errs[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	return results, errs
}
