package deploy

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
)

// names lists all databases; each has a role of the same name.
func names() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(known()))...)))
}

// initialize runs the script with a unique prefix, so that it can run on a shared
// server, and removes its databases and roles at the end.
func initialize(t *testing.T, server *pgx.ConnConfig, without string) (prefix string, err error) {
	t.Helper()
	prefix = "t_" + strings.ToLower(rand.Text()) + "_"
	cmd := exec.CommandContext(t.Context(), psql(t), "-X", "-v", "prefix="+prefix, "-f", "postgres/init.sql")
	cmd.Env = append(os.Environ(),
		"PGHOST="+server.Host, fmt.Sprintf("PGPORT=%d", server.Port), "PGUSER="+server.User,
		"PGPASSWORD="+server.Password, "PGDATABASE="+server.Database, "PGSSLMODE=prefer")
	for _, name := range names() {
		if name != without {
			cmd.Env = append(cmd.Env, "POSTGRES_"+strings.ToUpper(name)+"_PASSWORD=it's "+name)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the test's has ended
		defer cancel()
		conn, err := pgx.ConnectConfig(ctx, server)
		require.NoError(t, err)
		for _, name := range names() {
			for _, statement := range []string{"DROP DATABASE IF EXISTS ", "DROP ROLE IF EXISTS "} {
				_, err = conn.Exec(ctx, statement+prefix+name)
				require.NoError(t, err)
			}
		}
		require.NoError(t, conn.Close(ctx))
	})
	if out, err := cmd.CombinedOutput(); err != nil {
		return prefix, fmt.Errorf("psql: %w: %s", err, out)
	}
	return prefix, nil
}

// psql returns the client's path. Without it the test is skipped, except where
// PostgreSQL is required (CI, AMENDS_REQUIRE_POSTGRES).
func psql(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("psql"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	require.NoError(t, err)
	if len(found) == 0 {
		require.NotEqual(t, "true", os.Getenv("CI"), "psql is missing")
		require.NotEqual(t, "1", os.Getenv("AMENDS_REQUIRE_POSTGRES"), "psql is missing")
		t.Skip("psql is missing")
	}
	return found[len(found)-1]
}

// connect returns the SQLSTATE of a role's attempt to connect to a database, ""
// if it succeeds.
func connect(t *testing.T, server *pgx.ConnConfig, role, database string) (conn *pgx.Conn, sqlState string) {
	t.Helper()
	c := server.Copy()
	c.User, c.Database = role, database
	c.Password = "it's " + role[strings.LastIndex(role, "_")+1:]
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
		return conn, ""
	}
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	return nil, refusal.Code
}

// TestRolesAreIsolated runs on a real server, because the architecture promises
// that no role can reach another's database.
func TestRolesAreIsolated(t *testing.T) {
	t.Parallel()
	server, err := pgx.ParseConfig(dbtest.Postgres(t))
	require.NoError(t, err)
	before := rights(t, server)
	prefix, err := initialize(t, server, "")
	require.NoError(t, err)
	require.Equal(t, before, rights(t, server), "the server's own databases stay as they are")

	const insufficientPrivilege = "42501"
	for _, role := range names() {
		for _, database := range names() {
			conn, state := connect(t, server, prefix+role, prefix+database)
			if role != database {
				require.Equal(t, insufficientPrivilege, state, "%s got into %s", role, database)
				continue
			}
			require.Empty(t, state, "%s is kept out of its own database", role)
			_, err := conn.Exec(t.Context(), "CREATE TABLE mine (id bigint PRIMARY KEY)")
			require.NoError(t, err, "%s cannot migrate", role)
			var powers bool
			require.NoError(t, conn.QueryRow(t.Context(),
				"SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&powers))
			require.False(t, powers, "%s can do more than own its database", role)
			var collation string
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT datcollate FROM pg_database WHERE datname = current_database()").Scan(&collation))
			require.Equal(t, "C", collation, "text must compare as in SQLite")
		}
	}
}

func TestScriptStopsWithoutAPassword(t *testing.T) {
	t.Parallel()
	server, err := pgx.ParseConfig(dbtest.Postgres(t))
	require.NoError(t, err)

	prefix, err := initialize(t, server, "payment")
	require.ErrorContains(t, err, "syntax error")

	conn, err := pgx.ConnectConfig(t.Context(), server)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	var made int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_roles WHERE starts_with(rolname, $1)", prefix).Scan(&made))
	require.Zero(t, made, "it made something before it stopped")
}

// rights returns the rights to the server's own databases.
func rights(t *testing.T, server *pgx.ConnConfig) (acl string) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), server)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT string_agg(coalesce(datacl::text, 'as installed'), ' ' ORDER BY datname)
		FROM pg_database WHERE datname IN ('postgres', 'template1')`).Scan(&acl))
	require.NoError(t, conn.Close(t.Context()))
	return acl
}
