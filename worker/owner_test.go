package worker

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/worker/registry"
)

// moved are the options of a service on the given database.
func moved(t *testing.T, service, dsn string) Options {
	t.Helper()
	o := options(t, service)
	at := o.Services[service]
	at.DSN = dsn
	o.Services[service] = at
	return o
}

// Every service's migrations begin at 1, so goose alone takes the database of one
// service for that of another.
func TestADatabaseBelongsToOneService(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := dsn(t)
			require.NoError(t, Migrate(t.Context(), moved(t, "order", shared)))
			o := moved(t, "catalog", shared)
			const why = "DATABASE_NOT_OURS: database of catalog: it is the database of order"
			require.EqualError(t, Migrate(t.Context(), o), why)
			g, err := New(o)
			require.NoError(t, err)
			require.EqualError(t, g.Run(t.Context(), nil), why, "before it asks an engine")
			require.EqualError(t, WithCatalog(t.Context(), o, func(catalog.Service) error { panic("it is another's") }), why)

			// A simulator's database is no service's either.
			o = options(t, "payment")
			both := o.Services["payment"]
			both.OutsideDSN = shared
			o.Services["payment"] = both
			require.EqualError(t, Migrate(t.Context(), o), "DATABASE_NOT_OURS: database of payment's simulator: it is the database of order")
		})
	}
}

func TestADatabaseBelongsToOneInstallation(t *testing.T) {
	t.Parallel()
	o := options(t, registry.Names()...)
	o.Installation = "north"
	require.NoError(t, Migrate(t.Context(), o))
	o.Installation = "south"
	const why = "DATABASE_NOT_OURS: database of order: it belongs to the installation north, and this is south"
	require.EqualError(t, Migrate(t.Context(), o), why)
	g, err := New(o)
	require.NoError(t, err)
	require.EqualError(t, g.Run(t.Context(), nil), why)
}

// Every pair of services: the tables of no service pass for those of another, so a
// database of a release without marks is adopted by its own service only.
func TestAnUnmarkedDatabaseIsAdoptedByItsOwnServiceOnly(t *testing.T) {
	t.Parallel()
	for _, its := range registry.All {
		t.Run(its.Name, func(t *testing.T) {
			t.Parallel()
			within, cancel := context.WithTimeout(t.Context(), patience)
			t.Cleanup(cancel)
			o := options(t, its.Name)
			require.NoError(t, Migrate(within, o))
			unmark(t, o.Services[its.Name].DSN)
			for _, other := range registry.All {
				if other.Name == its.Name {
					continue
				}
				err := Migrate(within, moved(t, other.Name, o.Services[its.Name].DSN))
				require.ErrorContains(t, err, "database of "+other.Name+": it has tables of another origin")
			}
			require.NoError(t, Migrate(within, o))
		})
	}
}

// unmark makes a database as a release without marks left it.
func unmark(t *testing.T, dsn string) {
	t.Helper()
	require.True(t, strings.HasPrefix(dsn, "sqlite:"))
	db, err := database.Open(t.Context(), dsn, database.Options{})
	require.NoError(t, err)
	require.NoError(t, db.Exec("DROP TABLE amends_owner").Error)
	require.NoError(t, database.Close(db))
}
