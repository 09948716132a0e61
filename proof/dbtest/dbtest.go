package dbtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
)

// engine is a way to open a fresh database.
type engine struct {
	name    string
	dsn     func(testing.TB) string
	options database.Options
}

var engines = []engine{
	{name: "sqlite", dsn: SQLite},
	{name: "postgres", dsn: Postgres},
	{name: "postgres-unpipelined", dsn: Postgres, options: database.Options{NoPipeline: true}},
}

// Each runs body on a fresh database of each kind, migrated by migrate, in the
// parallel subtests "sqlite" (a file), "postgres" (see [Postgres]) and
// "postgres-unpipelined", where every statement is sent by itself.
func Each(t *testing.T, migrate func(ctx context.Context, db *gorm.DB) error, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			db := Open(t, engine.dsn(t), engine.options)
			require.NoError(t, migrate(t.Context(), db))
			body(t, db)
		})
	}
}

// Open opens dsn and closes it when the test ends.
func Open(tb testing.TB, dsn string, o database.Options) *gorm.DB {
	tb.Helper()
	db, err := database.Open(tb.Context(), dsn, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, database.Close(db)) })
	return db
}

// SQLite returns the DSN of a new file in a folder of the test.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "test.db")
}

// Postgres returns the DSN of a fresh, empty database, as superuser, and drops it
// when the test ends. The server is TEST_DATABASE_URL if that is set, else a
// private one from the installed binaries, which all tests of the process share
// and which ends with it. Without either the test is skipped, or fails if CI=true
// or AMENDS_REQUIRE_POSTGRES=1.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return Encoded(tb, "UTF8")
}

// Encoded is [Postgres] with another encoding.
func Encoded(tb testing.TB, encoding string) string {
	tb.Helper()
	admin := server(tb)
	name := "t_" + strings.ToLower(rand.Text())
	// Text compares byte by byte, as in SQLite, whatever the server's default.
	execute(tb, admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C'")
	tb.Cleanup(func() { execute(tb, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(admin)
	require.NoError(tb, err)
	u.Path = "/" + name
	return u.String()
}

// execute runs one statement on a connection of its own.
func execute(tb testing.TB, dsn, statement string) {
	tb.Helper()
	// Not the test's context: it has ended when cleanups run.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(tb, err)
	_, err = conn.Exec(ctx, statement)
	require.NoError(tb, err)
	require.NoError(tb, conn.Close(ctx))
}
