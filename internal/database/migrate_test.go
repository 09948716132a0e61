package database_test

import (
	"context"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

func TestMigrate(t *testing.T) {
	t.Parallel()

	t.Run("TakesEverySourceAndARepeatChangesNothing", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			for range 2 {
				require.NoError(t, database.Schema{labels, shelves}.Migrate(t.Context(), db))
				require.NoError(t, db.Exec("SELECT 1 FROM shelf, label").Error)
			}
		})
	})

	t.Run("LetsManyProcessesTry", func(t *testing.T) {
		t.Parallel()
		for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				where := dsn(t)
				start, errs := make(chan struct{}), make([]error, 8)
				var wg sync.WaitGroup
				for i := range errs {
					db := dbtest.Open(t, where, database.Options{})
					wg.Go(func() {
						<-start
						errs[i] = database.Schema{shelves, labels}.Migrate(t.Context(), db)
					})
				}
				close(start)
				wg.Wait()
				for _, err := range errs {
					require.NoError(t, err)
				}
			})
		}
	})

	t.Run("RollsBackWhatFailsAndKeepsWhatWasBefore", func(t *testing.T) {
		t.Parallel()
		broken := fstest.MapFS{"00002_broken.sql": {Data: []byte("-- +goose Up\nCREATE TABLE half (n bigint);\nINSERT INTO nowhere VALUES (1);\n")}}
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			require.Error(t, database.Schema{shelves, broken}.Migrate(t.Context(), db))
			require.NoError(t, db.Exec("SELECT 1 FROM shelf").Error)
			require.Error(t, db.Exec("SELECT 1 FROM half").Error)
			require.NoError(t, database.Schema{shelves, labels}.Migrate(t.Context(), db), "a repaired one goes on")
		})
	})

	t.Run("RefusesSourcesThatCollide", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, "sqlite::memory:", database.Options{})
		sameVersion := fstest.MapFS{"00001_other.sql": shelves["00001_shelf.sql"]}
		require.Error(t, database.Schema{shelves, shelves}.Migrate(t.Context(), db))
		require.Error(t, database.Schema{shelves, sameVersion}.Migrate(t.Context(), db))
		require.Error(t, database.Schema{}.Migrate(t.Context(), db), "nothing to migrate to is a mistake")
	})

	t.Run("SaysThatADiskIsFull", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.SQLite(t), database.Options{MaxConns: 1})
		require.NoError(t, migrate(t.Context(), db))
		require.NoError(t, db.Exec("PRAGMA max_page_count = 1").Error) // not one more than it has
		err := database.Schema{shelves, labels}.Migrate(t.Context(), db)
		require.EqualError(t, err, "UNAVAILABLE: the disk of the database is full")
	})

	t.Run("StopsWhenCancelled", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, database.Schema{shelves}.Migrate(ctx, db), context.Canceled)
		})
	})
}

// TestBarrierGoesUpAndDown holds for the migrations of this repository that every
// service shares: down leaves nothing, and up again works.
func TestBarrierGoesUpAndDown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
		pool, err := db.DB()
		require.NoError(t, err)
		dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[db.Name()]
		p, err := goose.NewProvider(dialect, pool, barrier.Migrations)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, database.Schema{barrier.Migrations}.Migrate(t.Context(), db))
			require.NoError(t, db.Exec("SELECT saga FROM barrier").Error)
			_, err = p.DownTo(t.Context(), 0)
			require.NoError(t, err)
			require.Error(t, db.Exec("SELECT saga FROM barrier").Error)
		}
	})
}

// TestSet holds for tables with a numbering of their own, beside those of the service.
func TestSet(t *testing.T) {
	t.Parallel()
	parcels := fstest.MapFS{
		"migrations/sqlite/00001_parcel.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE parcel (id integer PRIMARY KEY AUTOINCREMENT);\n")},
		"migrations/postgres/00001_parcel.sql": {Data: []byte("-- +goose Up\nCREATE TABLE parcel (id bigint GENERATED ALWAYS AS IDENTITY);\n")},
	}
	with := database.Schema{shelves, database.Set("parcels", parcels)}

	t.Run("ComesOnTopOfADatabaseThatHadNone", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, database.Schema{shelves}.Migrate, func(t *testing.T, db *gorm.DB) {
			require.Error(t, with.Ready(t.Context(), db))
			for range 2 {
				require.NoError(t, with.Migrate(t.Context(), db))
				require.NoError(t, with.Ready(t.Context(), db))
			}
			require.NoError(t, db.Exec("SELECT 1 FROM shelf, parcel").Error)
			require.NoError(t, database.Schema{shelves}.Ready(t.Context(), db), "a program without the set runs beside")
		})
	})

	t.Run("NumbersByItself", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, with.Migrate, func(t *testing.T, db *gorm.DB) {
			more := database.Schema{shelves, labels, with[1]}
			require.Error(t, more.Ready(t.Context(), db))
			require.NoError(t, more.Migrate(t.Context(), db))
			require.NoError(t, db.Exec("SELECT 1 FROM shelf, label, parcel").Error)
		})
	})

	t.Run("BelongsToTheTablesOfAnUnmarkedDatabase", func(t *testing.T) {
		t.Parallel()
		owner := database.Owner{Name: "store"}
		dbtest.Each(t, with.Migrate, func(t *testing.T, db *gorm.DB) {
			require.ErrorContains(t, owner.Claim(t.Context(), db, database.Schema{shelves}), "tables of another origin: goose_parcels_version, parcel")
			require.NoError(t, db.Exec("DROP TABLE parcel").Error)
			require.ErrorContains(t, owner.Claim(t.Context(), db, with), "without these tables: parcel")
		})
		dbtest.Each(t, with.Migrate, func(t *testing.T, db *gorm.DB) {
			require.NoError(t, owner.Claim(t.Context(), db, with))
		})
	})
}

func TestReady(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
		ready := func(sources ...fs.FS) error { return database.Schema(sources).Ready(t.Context(), db) }
		notReady := func(err error) {
			t.Helper()
			require.Equal(t, fault.Transient, fault.KindOf(err), "%v", err)
			require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		}
		notReady(ready(shelves))
		require.Error(t, db.Exec("SELECT 1 FROM goose_db_version").Error, "asking changes nothing")
		require.NoError(t, database.Schema{shelves}.Migrate(t.Context(), db))
		require.NoError(t, ready(shelves))
		notReady(ready(shelves, labels))
		require.NoError(t, database.Schema{shelves, labels}.Migrate(t.Context(), db))
		require.NoError(t, ready(shelves), "a newer program has migrated already")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, database.Schema{shelves}.Ready(ctx, db), context.Canceled)
		require.NoError(t, database.Close(db))
		require.Error(t, ready(shelves))
	})
}
