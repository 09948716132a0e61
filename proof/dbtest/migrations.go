package dbtest

import (
	"context"
	"io/fs"
	"os"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// UpDownUp migrates a schema up, all of its own migrations down, and up again, on
// both databases, and calls ready after each. The migrations are those in the folder
// "migrations" beside the test.
func UpDownUp(t *testing.T, migrate, ready func(context.Context, *gorm.DB) error) {
	t.Helper()
	upDownUp(t, func(*gorm.DB) fs.FS { return os.DirFS("migrations") }, "goose_db_version", migrate, ready)
}

// SetUpDownUp is [UpDownUp] for the migrations of a [database.Set] of that name, with a
// folder per engine in "migrations".
func SetUpDownUp(t *testing.T, name string, migrate, ready func(context.Context, *gorm.DB) error) {
	t.Helper()
	upDownUp(t, func(db *gorm.DB) fs.FS { return os.DirFS("migrations/" + db.Name()) }, "goose_"+name+"_version", migrate, ready)
}

func upDownUp(t *testing.T, files func(*gorm.DB) fs.FS, versions string, migrate, ready func(context.Context, *gorm.DB) error) {
	t.Helper()
	none := func(context.Context, *gorm.DB) error { return nil }
	Each(t, none, func(t *testing.T, db *gorm.DB) {
		require.Error(t, ready(t.Context(), db))
		require.NoError(t, migrate(t.Context(), db))
		require.NoError(t, ready(t.Context(), db))

		pool, err := db.DB()
		require.NoError(t, err)
		dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[db.Name()]
		own, err := goose.NewProvider(dialect, pool, files(db), goose.WithTableName(versions))
		require.NoError(t, err)
		first := own.ListSources()[0].Version // lower versions are of another source
		_, err = own.DownTo(t.Context(), first-1)
		require.NoError(t, err)
		require.Error(t, ready(t.Context(), db))

		for range 2 {
			require.NoError(t, migrate(t.Context(), db))
			require.NoError(t, ready(t.Context(), db))
		}
	})
}
