package lease_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

const long = time.Hour

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, func(ctx context.Context, db *gorm.DB) error {
		return database.Schema{database.Set(lease.Name, lease.Migrations)}.Migrate(ctx, db)
	}, body)
}

// await requires that l is taken before its period, or a minute, has passed.
func await(t *testing.T, l *lease.Lease) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, l.Await(ctx))
}

// holder returns who holds the lease "g".
func holder(t *testing.T, db *gorm.DB) string {
	t.Helper()
	state, err := lease.Held(db.WithContext(t.Context()), "g")
	require.NoError(t, err)
	return state.Holder
}

// TestAProcessTakesItsOwnLeaseAtOnce: its database was away for so long that it stopped its
// work, and no other process has begun it.
func TestAProcessTakesItsOwnLeaseAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		l := lease.New(db, "g", long)
		await(t, l)
		await(t, l)
		require.Equal(t, l.Holder, holder(t, db))
	})
}

func TestALeaseThatIsGivenBackIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		first, second := lease.New(db, "g", long), lease.New(db, "g", long)
		await(t, first)
		taken := make(chan error, 1)
		go func() { taken <- second.Await(t.Context()) }()
		require.NoError(t, first.Free(t.Context()))
		select {
		case err := <-taken:
			require.NoError(t, err)
		case <-time.After(time.Minute):
			require.Fail(t, "it is not taken")
		}
		require.Equal(t, second.Holder, holder(t, db))
		require.ErrorIs(t, first.Free(t.Context()), lease.ErrLost)
		require.Equal(t, second.Holder, holder(t, db))
	})
}

// TestALivingHolderKeepsItsLease: against one that waits for the same period. One that does
// not beat loses it, learns so, and may change nothing.
func TestALivingHolderKeepsItsLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		const period = 3 * time.Second
		first, second := lease.New(db, "g", period), lease.New(db, "g", period)
		await(t, first)
		keeping, stop := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() { kept <- first.Keep(keeping) }()

		waiting, enough := context.WithTimeout(t.Context(), period+time.Second)
		defer enough()
		require.ErrorIs(t, second.Await(waiting), context.DeadlineExceeded)
		stop()
		require.NoError(t, <-kept)

		began := time.Now()
		await(t, second)
		require.GreaterOrEqual(t, time.Since(began), period)
		require.ErrorIs(t, first.Keep(t.Context()), lease.ErrLost)
		require.ErrorIs(t, first.Change(t.Context(), func(*gorm.DB) error { return errors.New("never called") }), lease.ErrLost)
		require.NoError(t, second.Change(t.Context(), func(*gorm.DB) error { return nil }))
	})
}

// TestOneOfSeveralTakesAnOldLease: each of them has seen it stand still.
func TestOneOfSeveralTakesAnOldLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		taken, err := lease.Take(db.WithContext(t.Context()), "g", "dead", lease.State{})
		require.NoError(t, err)
		require.True(t, taken)
		seen := lease.State{Holder: "dead", Beat: 1}
		won := make(chan string, 20)
		for range cap(won) {
			go func() {
				l := lease.New(db, "g", long)
				if taken, err := lease.Take(db.WithContext(t.Context()), "g", l.Holder, seen); taken && err == nil {
					won <- l.Holder
					return
				}
				won <- ""
			}()
		}
		winner := ""
		for range cap(won) {
			if got := <-won; got != "" {
				require.Empty(t, winner, "two have it")
				winner = got
			}
		}
		require.Equal(t, winner, holder(t, db))
	})
}
