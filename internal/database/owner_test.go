package database_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// boxes has the same versions as shelves and labels, as the schemas of two services
// do.
var boxes = database.Schema{
	fstest.MapFS{"00001_box.sql": {Data: []byte("-- +goose Up\nCREATE TABLE box (id bigint PRIMARY KEY);\n")}},
	fstest.MapFS{"00002_lid.sql": {Data: []byte("-- +goose Up\nCREATE TABLE lid (id bigint PRIMARY KEY);\n")}},
}

var (
	store = database.Schema{shelves, labels}
	owner = database.Owner{Name: "store"}
)

// claim does what a service does before it uses its database.
func claim(ctx context.Context, db *gorm.DB, o database.Owner, s database.Schema) error {
	if err := o.Claim(ctx, db, s); err != nil {
		return err
	}
	return s.Migrate(ctx, db)
}

func refused(t *testing.T, err error, code fault.Code, why string) {
	t.Helper()
	require.EqualError(t, err, string(code)+": "+why)
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

func TestOwner(t *testing.T) {
	t.Parallel()

	t.Run("KeepsTheDatabaseFromEveryOther", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			_, err := owner.Check(t.Context(), db)
			require.Equal(t, fault.Transient, fault.KindOf(err), "it may be about to be migrated")
			require.ErrorContains(t, err, "has not been migrated")
			require.NoError(t, claim(t.Context(), db, owner, store))
			mark, err := owner.Check(t.Context(), db)
			require.NoError(t, err)
			require.NotEmpty(t, mark.ID)
			require.NoError(t, claim(t.Context(), db, owner, store), "a repeat")
			again, err := owner.Check(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, mark, again)

			other := database.Owner{Name: "packing"}
			refused(t, other.Claim(t.Context(), db, boxes), database.NotOurs, "it is the database of store")
			_, err = other.Check(t.Context(), db)
			refused(t, err, database.NotOurs, "it is the database of store")
			require.Error(t, db.Exec("SELECT 1 FROM box").Error)
		})
	})

	t.Run("KeepsTheInstallation", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			north, south := database.Owner{Name: "store", Installation: "north"}, database.Owner{Name: "store", Installation: "south"}
			require.NoError(t, claim(t.Context(), db, owner, store))
			_, err := north.Check(t.Context(), db)
			require.Equal(t, fault.Transient, fault.KindOf(err))
			require.ErrorContains(t, err, "belongs to no installation yet")
			before, err := owner.Check(t.Context(), db)
			require.NoError(t, err)

			require.NoError(t, claim(t.Context(), db, north, store), "it had none")
			mark, err := north.Check(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, database.Mark{ID: before.ID, Name: "store", Installation: "north"}, mark)
			for range 2 {
				refused(t, south.Claim(t.Context(), db, store), database.NotOurs, "it belongs to the installation north, and this is south")
				_, err = south.Check(t.Context(), db)
				refused(t, err, database.NotOurs, "it belongs to the installation north, and this is south")
				require.NoError(t, owner.Claim(t.Context(), db, store), "one that names none takes it as it is")
			}
			mark, err = owner.Check(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, "north", mark.Installation)
		})
	})

	t.Run("AdoptsTheDatabaseOfAnEarlierRelease", func(t *testing.T) {
		t.Parallel()
		for tables, earlier := range map[string]database.Schema{"label, shelf": store, "shelf": {shelves}} {
			t.Run(tables, func(t *testing.T) {
				t.Parallel()
				dbtest.Each(t, earlier.Migrate, func(t *testing.T, db *gorm.DB) {
					refused(t, database.Owner{Name: "packing"}.Claim(t.Context(), db, boxes), database.NotOurs,
						"it has tables of another origin: "+tables)
					require.NoError(t, claim(t.Context(), db, owner, store))
					_, err := owner.Check(t.Context(), db)
					require.NoError(t, err)
				})
			})
		}
	})

	t.Run("RefusesTablesOfUnknownOrigin", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, nothing, func(t *testing.T, db *gorm.DB) {
			require.NoError(t, db.Exec("CREATE TABLE invoices (n bigint)").Error)
			refused(t, owner.Claim(t.Context(), db, store), database.NotOurs, "it has tables of another origin: invoices")
			require.NoError(t, db.Exec("DROP TABLE invoices").Error)
			require.NoError(t, store.Migrate(t.Context(), db))
			require.NoError(t, db.Exec("DROP TABLE label").Error)
			refused(t, owner.Claim(t.Context(), db, store), database.NotOurs, "it is at version 2 without these tables: label")
		})
	})

	t.Run("LetsOneOfManyWin", func(t *testing.T) {
		t.Parallel()
		for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				where, start := dsn(t), make(chan struct{})
				errs := make([]error, 12)
				var wg sync.WaitGroup
				for i := range errs {
					db := dbtest.Open(t, where, database.Options{})
					wg.Go(func() {
						<-start
						if i%2 == 0 {
							errs[i] = claim(t.Context(), db, owner, store)
						} else {
							errs[i] = claim(t.Context(), db, database.Owner{Name: "packing"}, boxes)
						}
					})
				}
				close(start)
				wg.Wait()
				winner := 0
				if errs[0] != nil {
					winner = 1
				}
				for i, err := range errs {
					if i%2 == winner {
						require.NoError(t, err)
						continue
					}
					require.Equal(t, database.NotOurs, fault.CodeOf(err), "%v", err)
				}
			})
		}
	})

	t.Run("IsToldByTheContentAndNotByTheSpelling", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.Postgres(t)
		require.NoError(t, claim(t.Context(), dbtest.Open(t, dsn, database.Options{}), owner, store))
		u, err := url.Parse(dsn)
		require.NoError(t, err)
		u.Host = "localhost:" + u.Port()
		u.RawQuery += "&application_name=other"
		refused(t, database.Owner{Name: "packing"}.Claim(t.Context(), dbtest.Open(t, u.String(), database.Options{}), boxes),
			database.NotOurs, "it is the database of store")

		path := strings.TrimPrefix(dbtest.SQLite(t), "sqlite:")
		require.NoError(t, claim(t.Context(), dbtest.Open(t, "sqlite:"+path, database.Options{}), owner, store))
		linked := filepath.Join(t.TempDir(), "other.db")
		require.NoError(t, os.Symlink(path, linked))
		refused(t, database.Owner{Name: "packing"}.Claim(t.Context(), dbtest.Open(t, "sqlite:"+linked, database.Options{}), boxes),
			database.NotOurs, "it is the database of store")
	})
}

func TestPlaceTellsADatabaseFromItsCopy(t *testing.T) {
	t.Parallel()
	place := func(dsn string) string {
		db, err := database.Open(t.Context(), dsn, database.Options{})
		require.NoError(t, err)
		p, err := database.Place(t.Context(), db)
		require.NoError(t, err)
		require.NoError(t, database.Close(db))
		return p
	}
	require.Empty(t, place(dbtest.SQLite(t)))
	first, second := dbtest.Postgres(t), dbtest.Postgres(t)
	require.Regexp(t, `^\d+/\d+$`, place(first))
	require.Equal(t, place(first), place(first+"&application_name=other"))
	require.NotEqual(t, place(first), place(second))
}

func TestDatabasesThatAreNotUTF8AreRefused(t *testing.T) {
	t.Parallel()
	both := func(t *testing.T, dsn, why string) {
		t.Helper()
		db := dbtest.Open(t, dsn, database.Options{})
		refused(t, owner.Claim(t.Context(), db, store), database.NotUTF8, why)
		require.Error(t, db.Exec("SELECT 1 FROM amends_owner").Error, "nothing was made")
	}

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.SQLite(t)
		db := dbtest.Open(t, dsn, database.Options{MaxConns: 1})
		require.NoError(t, db.Exec("PRAGMA encoding = 'UTF-16le'").Error)
		require.NoError(t, db.Exec("CREATE TABLE x (n bigint)").Error)
		require.NoError(t, db.Exec("DROP TABLE x").Error)
		both(t, dsn, "its text must be UTF-8, and is UTF-16le")
	})

	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.Encoded(t, "LATIN1")
		both(t, dsn, "its text must be UTF-8, and is LATIN1")
		db := dbtest.Open(t, dsn, database.Options{})
		for _, sql := range []string{
			"CREATE TABLE amends_owner (id text, name text, installation text)", "INSERT INTO amends_owner VALUES ('1', 'store', '')",
		} {
			require.NoError(t, db.Exec(sql).Error)
		}
		_, err := owner.Check(t.Context(), db)
		refused(t, err, database.NotUTF8, "its text must be UTF-8, and is LATIN1")
	})

	t.Run("TheConnection", func(t *testing.T) {
		t.Parallel()
		both(t, dbtest.Postgres(t)+"&client_encoding=LATIN1", "its text must be UTF-8, and is LATIN1")
	})
}
