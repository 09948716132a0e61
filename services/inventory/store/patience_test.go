package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

// lockedShop is a store with one connection to PostgreSQL, and a transaction of
// another one that holds the stock of TEA.
type lockedShop struct {
	testBundle

	db, other *gorm.DB
	holding   *gorm.DB
}

func newLockedShop(t *testing.T) *lockedShop {
	t.Helper()
	dsn := dbtest.Postgres(t)
	s := &lockedShop{other: dbtest.Open(t, dsn, database.Options{})}
	s.db = dbtest.Open(t, dsn, database.Options{MaxConns: 1, LockTimeout: 20 * time.Millisecond})
	require.NoError(t, inventorystore.Schema.Migrate(t.Context(), s.db))
	s.testBundle = testBundle{inventorystore.New(s.db)}
	for _, sku := range []string{"MUG", "TEA"} {
		s.receive(t, sku, "BER", 100)
	}
	for _, saga := range []string{"sold", "given-back"} {
		_, err := s.Reserve(t.Context(), reserve(saga), ask(line("TEA", 1)))
		require.NoError(t, err)
	}
	s.hold(t)
	return s
}

// hold locks the stock of TEA until free.
func (s *lockedShop) hold(t *testing.T) {
	t.Helper()
	s.holding = s.other.WithContext(t.Context()).Begin()
	require.NoError(t, s.holding.Exec("SELECT 1 FROM stock WHERE sku = 'TEA' FOR UPDATE").Error)
}

func (s *lockedShop) free(t *testing.T) {
	t.Helper()
	require.NoError(t, s.holding.Rollback().Error)
}

// waitForever makes every wait for a lock last, so that a test that ends has not
// waited.
func (s *lockedShop) waitForever(t *testing.T) {
	t.Helper()
	require.NoError(t, s.db.WithContext(t.Context()).Exec("SET lock_timeout = '1h'").Error)
}

func (s *lockedShop) order(t *testing.T, saga string, skus ...string) error {
	t.Helper()
	req := ask()
	for _, sku := range skus {
		req.Lines = append(req.Lines, line(sku, 1))
	}
	_, err := s.Reserve(t.Context(), reserve(saga), req)
	return err
}

func TestALockedSKU(t *testing.T) {
	t.Parallel()

	locked := func(t *testing.T, err error) {
		t.Helper()
		requireFault(t, err, fault.Transient, fault.Locked)
	}

	t.Run("IsWaitedForInVainOnce", func(t *testing.T) {
		t.Parallel()
		s := newLockedShop(t)
		locked(t, s.order(t, "first", "TEA"))
		s.waitForever(t)
		locked(t, s.order(t, "second", "TEA"))
		locked(t, s.Release(t.Context(), reserve("given-back")))
		_, err := s.Commit(t.Context(), commit("sold"))
		locked(t, err)
		require.NoError(t, s.order(t, "other", "MUG"))

		s.free(t)
		for _, saga := range []string{"first", "second"} {
			require.NoError(t, s.order(t, saga, "TEA"))
		}
		require.NoError(t, s.Release(t.Context(), reserve("given-back")))
		_, err = s.Commit(t.Context(), commit("sold"))
		require.NoError(t, err)
		s.requireStock(t, "TEA", 97, 2, 1)
		s.requireConsistent(t.Context(), t, "TEA", "MUG")
	})

	t.Run("IsWaitedForAgainOnceItWasFree", func(t *testing.T) {
		t.Parallel()
		s := newLockedShop(t)
		locked(t, s.order(t, "first", "TEA"))
		s.free(t)
		require.NoError(t, s.order(t, "first", "TEA"))
		s.hold(t)
		s.waitForever(t)
		second := make(chan error, 1)
		go func() { second <- s.order(t, "second", "TEA") }()
		require.Eventually(t, func() bool { return waits(t, s.other) }, time.Minute, 10*time.Millisecond)
		s.free(t)
		require.NoError(t, <-second)
	})

	t.Run("DoesNotCountAgainstAnotherOfTheSameOrder", func(t *testing.T) {
		t.Parallel()
		s := newLockedShop(t)
		locked(t, s.order(t, "both", "MUG", "TEA"))
		require.NoError(t, s.order(t, "mug", "MUG"))
		s.waitForever(t)
		locked(t, s.order(t, "both", "MUG", "TEA")) // and holds no MUG meanwhile
		require.NoError(t, s.order(t, "another", "MUG"))
	})

	t.Run("DoesNotKeepARepeatFromItsAnswer", func(t *testing.T) {
		t.Parallel()
		s := newLockedShop(t)
		locked(t, s.order(t, "first", "TEA"))
		s.waitForever(t)
		require.NoError(t, s.order(t, "sold", "TEA"))
		locked(t, s.order(t, "next", "TEA")) // at once: a repeat has not had the lock
		require.NoError(t, s.Release(t.Context(), key.New("never", "inventory.reserve")))
	})
}

// waits reports whether a connection to the database of db waits for a lock.
func waits(t *testing.T, db *gorm.DB) bool {
	t.Helper()
	var n int64
	require.NoError(t, db.Raw(
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n).Error)
	return n > 0
}
