package provision_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/proof/dbtest"
)

// admin returns a superuser's DSN, and names that no other test provisions; the
// roles and databases go when the test ends.
func admin(t *testing.T, services ...string) (dsn string, names []string) {
	t.Helper()
	dsn = dbtest.Postgres(t)
	for _, s := range services {
		name := s + "_" + strings.ToLower(rand.Text()[:8])
		names = append(names, name)
		t.Cleanup(func() {
			execute(t, dsn, "DROP DATABASE IF EXISTS amends_"+name+" WITH (FORCE)")
			execute(t, dsn, "DROP ROLE IF EXISTS amends_"+name)
		})
	}
	return dsn, names
}

// execute runs one statement, or returns the error of the server.
func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	require.NoError(t, try(t, dsn, statement))
}

func try(t *testing.T, dsn, statement string) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // cleanups use it
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func in(t *testing.T, dsn, db string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Path = "/" + db
	return u.String()
}

func requireState(t *testing.T, want string, err error) {
	t.Helper()
	var s interface{ SQLState() string }
	require.ErrorAs(t, err, &s)
	require.Equal(t, want, s.SQLState(), "%v", err)
}

func TestProvision(t *testing.T) {
	t.Parallel()
	const denied = "42501"

	t.Run("RolesReachTheirOwnDatabaseAndNoOther", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order", "payment")
		const copies = 4 // of every call, all at once
		dsns := make([]string, copies*len(names))
		errs := make([]error, copies*len(names))
		var wg sync.WaitGroup
		for i := range dsns {
			wg.Go(func() { dsns[i], errs[i] = provision.Database(t.Context(), root, names[i%len(names)], "s3cret") })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		for i, name := range names {
			other := "amends_" + names[1-i]
			execute(t, dsns[i], "CREATE TABLE mine (n bigint)")
			for _, closed := range []string{other, "postgres", "template1"} {
				requireState(t, denied, try(t, in(t, dsns[i], closed), "SELECT 1"))
			}
			requireState(t, denied, try(t, dsns[i], "CREATE DATABASE stolen"))
			requireState(t, denied, try(t, dsns[i], "CREATE ROLE helper"))
			requireState(t, denied, try(t, dsns[i], "SET ROLE "+other))

			var user, db, collation string
			conn, err := pgx.Connect(t.Context(), dsns[i])
			require.NoError(t, err)
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT current_user, datname, datcollate
				FROM pg_database WHERE datname = current_database()`).Scan(&user, &db, &collation))
			require.NoError(t, conn.Close(t.Context()))
			require.Equal(t, []string{"amends_" + name, "amends_" + name, "C"}, []string{user, db, collation})
		}
	})

	t.Run("RepeatKeepsTheDataAndResetsPasswordAndRights", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order")
		role := "amends_" + names[0]
		secret := func() (hash string) {
			conn, err := pgx.Connect(t.Context(), root)
			require.NoError(t, err)
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&hash))
			require.NoError(t, conn.Close(t.Context()))
			return hash
		}
		dsn, err := provision.Database(t.Context(), root, names[0], "first")
		require.NoError(t, err)
		execute(t, dsn, "CREATE TABLE mine (n bigint)")
		first := secret()
		require.NotContains(t, first, "first", "the server keeps a hash")
		execute(t, root, "GRANT CONNECT ON DATABASE "+role+" TO PUBLIC")

		dsn, err = provision.Database(t.Context(), root, names[0], `it's a \ "new" pass/word?`)
		require.NoError(t, err)
		require.NotEqual(t, first, secret())
		execute(t, dsn, "SELECT n FROM mine")
		cfg, err := pgx.ParseConfig(dsn)
		require.NoError(t, err)
		require.Equal(t, `it's a \ "new" pass/word?`, cfg.Password)
		var open bool
		conn, err := pgx.Connect(t.Context(), root)
		require.NoError(t, err)
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT has_database_privilege('public', $1, 'CONNECT')", role).Scan(&open))
		require.NoError(t, conn.Close(t.Context()))
		require.False(t, open)
	})

	t.Run("KeepsTheSettingsOfTheAdministratorsDSNButNotItsIdentity", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order")
		dsn, err := provision.Database(t.Context(), root+"&application_name=shop&user=postgres", names[0], "s3cret")
		require.NoError(t, err)
		cfg, err := pgx.ParseConfig(dsn)
		require.NoError(t, err)
		require.Equal(t, "amends_"+names[0], cfg.User)
		require.Equal(t, "amends_"+names[0], cfg.Database)
		require.Equal(t, "shop", cfg.RuntimeParams["application_name"])
	})

	t.Run("RefusesMalformedNamesAndPasswords", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order")
		for _, bad := range [][3]string{
			{root, "", "p"},
			{root, "Order", "p"},
			{root, `o"; DROP`, "p"},
			{root, strings.Repeat("o", 49), "p"},
			{root, names[0], ""},
			{root, names[0], "nul\x00"},
			{"sqlite:x.db", names[0], "p"},
		} {
			_, err := provision.Database(t.Context(), bad[0], bad[1], bad[2])
			require.Equal(t, fault.Bug, fault.KindOf(err), "%v", bad[1:])
		}
	})

	t.Run("SaysThatTheServerIsAway", func(t *testing.T) {
		t.Parallel()
		_, err := provision.Database(t.Context(), "postgres://u:hunter2@127.0.0.1:1/postgres", "order", "p")
		require.Equal(t, fault.Transient, fault.KindOf(err))
		require.NotContains(t, err.Error(), "hunter2")
	})
}
