package shipping_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	"github.com/amends/amends/services/shipping/audit/compare"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/services/shipping/carrier/simulator"
	"github.com/amends/amends/services/shipping/store"
)

// testBundle is the shipping service's database and its carrier's, of one kind.
type testBundle struct {
	db    *gorm.DB
	store *store.Store
	sim   *simulator.Simulator
}

// each runs body once per kind of database. Two databases: a carrier's book is not ours.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		dsn := dbtest.SQLite
		if db.Name() == "postgres" {
			dsn = dbtest.Postgres
		}
		book := dbtest.Open(t, dsn(t), database.Options{})
		require.NoError(t, simulator.Schema.Migrate(t.Context(), book))
		body(t, testBundle{db: db, store: store.New(db), sim: simulator.New(book, simulator.Options{})})
	})
}

// service returns the service under test with a carrier that misbehaves as h
// says. Services of one bundle are attempts of different processes.
func (b testBundle) service(h hooks, o shipping.Options) (*shipping.Outside, *unruly) {
	u := &unruly{inner: b.sim, hooks: h, calls: map[string]int{}}
	if o.CallTimeout == 0 {
		o.CallTimeout = 20 * time.Second // a loaded machine is no reason to fail
	}
	return shipping.New(b.store, u, o), u
}

// wellBehaved is a service whose carrier is the simulator as it is.
func (b testBundle) wellBehaved() (*shipping.Outside, *unruly) {
	return b.service(hooks{}, shipping.Options{})
}

// believes is the belief about one key.
type believes struct{ State, TrackingNumber string }

// agree requires that nothing is open and that the carrier's book and ours say
// the same of every key; it returns the keys under which something is booked.
func (b testBundle) agree(t require.TestingT, ctx context.Context) []string {
	ours, theirs := map[string]believes{}, map[string]believes{}
	booked := []string{}
	shipments, err := b.store.Shipments(ctx)
	require.NoError(t, err)
	for _, s := range shipments {
		state := string(s.State)
		if s.State == shipping.Cancelled && s.TrackingNumber == "" {
			state = "forbidden" // it never was booked
		}
		ours[s.Key] = believes{state, s.TrackingNumber}
		require.NotEqual(t, shipping.Intent, s.State, "%s is open", s.Key)
		if s.State == shipping.Booked {
			booked = append(booked, s.Key)
			require.Equal(t, simulator.Name, s.Carrier)
		}
	}
	entries, err := b.sim.Entries(ctx)
	require.NoError(t, err)
	for _, e := range entries {
		theirs[e.Key] = believes{e.State, e.TrackingNumber}
	}
	require.Equal(t, theirs, ours)

	page, err := compare.New(b.store, b.sim).Audit(ctx, audit.Range{Limit: 500})
	require.NoError(t, err)
	require.Empty(t, page.Next)
	for _, f := range page.Facts {
		said := shippingaudit.Fact{Wrong: f.Wrong, Partial: f.Partial, Differ: f.Differ, Undone: f.Undone, Answers: f.Answers}
		require.Equal(t, shippingaudit.Fact{}, said, "an audit has nothing to say of %s", f.Saga)
	}
	return booked
}

// barrier returns the state of a step's barrier row.
func (b testBundle) barrier(t *testing.T, k key.Key) string {
	t.Helper()

	var state string
	require.NoError(t, b.db.Raw("SELECT state FROM barrier WHERE saga = ? AND step = ?", k.Saga, k.Step).Scan(&state).Error)
	return state
}

// hooks make calls fail: before their effect, or after it, as if the reply were
// lost. A hook may also block. call is "book", "cancel", "find" or "forbid".
type hooks struct {
	before, after func(ctx context.Context, call, key string) error
}

// unruly is a carrier between the service and the simulator.
type unruly struct {
	inner carrier.Carrier
	hooks hooks

	mu             sync.Mutex
	calls          map[string]int // by name
	inFlight, most int
}

func (u *unruly) Book(ctx context.Context, key string, p carrier.Parcel) (b carrier.Booking, err error) {
	err = u.call(ctx, "book", key, func() (err error) { b, err = u.inner.Book(ctx, key, p); return err })
	return b, err
}

func (u *unruly) Cancel(ctx context.Context, key string) error {
	return u.call(ctx, "cancel", key, func() error { return u.inner.Cancel(ctx, key) })
}

func (u *unruly) Find(ctx context.Context, key string) (b carrier.Booking, found bool, err error) {
	err = u.call(ctx, "find", key, func() (err error) { b, found, err = u.inner.Find(ctx, key); return err })
	return b, found, err
}

func (u *unruly) Forbid(ctx context.Context, key string) (b carrier.Booking, found bool, err error) {
	err = u.call(ctx, "forbid", key, func() (err error) { b, found, err = u.inner.Forbid(ctx, key); return err })
	return b, found, err
}

func (u *unruly) call(ctx context.Context, name, key string, f func() error) error {
	u.mu.Lock()
	u.calls[name]++
	u.inFlight++
	u.most = max(u.most, u.inFlight)
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.inFlight--
	}()

	if u.hooks.before != nil {
		if err := u.hooks.before(ctx, name, key); err != nil {
			return err
		}
	}
	if err := f(); err != nil || u.hooks.after == nil {
		return err
	}
	return u.hooks.after(ctx, name, key)
}

// count returns how many calls of that name were made.
func (u *unruly) count(name string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls[name]
}

// running returns how many calls have not ended, and how many there were at most.
func (u *unruly) running() (now, most int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.inFlight, u.most
}

// total returns how many calls were made.
func (u *unruly) total() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for _, c := range u.calls {
		n += c
	}
	return n
}

// on fails with err when call is made for a parcel from warehouse.
func on(call, warehouse string, err error) func(context.Context, string, string) error {
	return func(_ context.Context, c, key string) error {
		if c == call && strings.HasSuffix(key, "/"+warehouse) {
			return err
		}
		return nil
	}
}

var (
	errRefused = fmt.Errorf("not there: %w", carrier.ErrUndeliverable)
	errDown    = fmt.Errorf("down: %w", carrier.ErrUnavailable)
	errLost    = errors.New("lost")
)

func step(saga string) key.Key { return key.New(saga, "shipping.book") }

// request asks for one parcel from each warehouse to a postal code.
func request(postalCode string, warehouses ...string) shipping.BookRequest {
	req := shipping.BookRequest{ShipTo: shipping.Address{
		Name: "Ada Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: postalCode, Country: "DE",
	}}
	for i, w := range warehouses {
		req.Parcels = append(req.Parcels, shipping.Parcel{
			Warehouse: w, Lines: []shipping.Line{{SKU: fmt.Sprintf("SKU-%d", i), Quantity: int64(i + 1)}},
		})
	}
	return req
}

// insist repeats f as a saga does, until it is decided.
func insist(t require.TestingT, f func() error) error {
	var err error
	for range 200 {
		err = f()
		if k := fault.KindOf(err); k != fault.Transient && k != fault.Unknown {
			return err
		}
	}
	require.NoError(t, err, "not decided after 200 attempts")
	return err
}
