package provision_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/internal/dev/postgres"
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

// ask returns the text that a query selects.
func ask(t *testing.T, dsn, query string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&answer))
	require.NoError(t, conn.Close(t.Context()))
	return answer
}

// withPasswords returns the superuser's DSN of a server of the test's own, which
// unlike the shared one admits a role with the right password only.
func withPasswords(t *testing.T) string {
	t.Helper()
	bin := dbtest.Binaries(t)
	dir, err := os.MkdirTemp("", "amends-provision-") //nolint:usetesting // the server's user must reach it
	require.NoError(t, err)
	s, err := postgres.Start(t.Context(), postgres.Options{Bin: bin, Dir: dir, Password: "root", Safety: postgres.Nothing, Remove: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s.DSN
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
	strict := withPasswords(t)

	t.Run("RolesReachTheirOwnDatabaseAndNoOther", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order", "payment")
		const rights = "SELECT string_agg(coalesce(datacl::text, 'as installed'), ' ' ORDER BY datname) FROM pg_database WHERE datname IN ('postgres', 'template1')"
		before := ask(t, root, rights)
		const copies = 4 // of every call, all at once
		dsns := make([]string, copies*len(names))
		errs := make([]error, copies*len(names))
		var wg sync.WaitGroup
		for i := range dsns {
			wg.Go(func() { dsns[i], errs[i] = provision.Database(t.Context(), root, names[i%len(names)], "s3cret") })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, before, ask(t, root, rights), "the server's own databases are not ours")
		for i, name := range names {
			other := "amends_" + names[1-i]
			execute(t, dsns[i], "CREATE TABLE mine (n bigint)")
			requireState(t, denied, try(t, in(t, dsns[i], other), "SELECT 1"))
			requireState(t, denied, try(t, dsns[i], "CREATE DATABASE stolen"))
			requireState(t, denied, try(t, dsns[i], "CREATE ROLE helper"))
			requireState(t, denied, try(t, dsns[i], "SET ROLE "+other))
			require.Equal(t, "amends_"+name+" amends_"+name+" C",
				ask(t, dsns[i], "SELECT concat_ws(' ', current_user, datname, datcollate) FROM pg_database WHERE datname = current_database()"))
		}
	})

	t.Run("RepeatChangesNothing", func(t *testing.T) {
		t.Parallel()
		root, names := admin(t, "order")
		role := "amends_" + names[0]
		everything := "SELECT concat_ws(' ', rolpassword, rolcanlogin, datacl, datdba) FROM pg_authid, pg_database WHERE rolname = '" + role + "' AND datname = rolname"
		const password = `it's a \ "strange" pass/word?`
		first, err := provision.Database(t.Context(), root, names[0], password)
		require.NoError(t, err)
		cfg, err := pgx.ParseConfig(first)
		require.NoError(t, err)
		require.Equal(t, password, cfg.Password)
		execute(t, first, "CREATE TABLE mine (n bigint)")
		require.NotContains(t, ask(t, root, everything), "strange", "the server keeps a hash")
		execute(t, root, "GRANT CONNECT ON DATABASE "+role+" TO PUBLIC") // an operator's decision
		before := ask(t, root, everything)

		second, err := provision.Database(t.Context(), root, names[0], password)
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, before, ask(t, root, everything))
		execute(t, second, "SELECT n FROM mine")
	})

	t.Run("LeavesARoleAloneThatItDidNotMake", func(t *testing.T) {
		t.Parallel()
		root := strict
		const role = "amends_order"
		first, err := provision.Database(t.Context(), root, "order", "first")
		require.NoError(t, err)
		before := ask(t, root, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+role+"'")
		for range 2 {
			_, err = provision.Database(t.Context(), root, "order", "second")
			require.EqualError(t, err, "provision order: ROLE_NOT_OURS: the role amends_order exists, and the server does not admit it with this password")
			require.Equal(t, fault.Bug, fault.KindOf(err))
		}
		require.Equal(t, before, ask(t, root, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+role+"'"))
		execute(t, first, "SELECT 1")

		execute(t, root, "CREATE ROLE amends_catalog NOLOGIN")
		_, err = provision.Database(t.Context(), root, "catalog", "first")
		require.Equal(t, provision.NotOurs, fault.CodeOf(err), "%v", err)
		execute(t, root, "CREATE DATABASE amends_payment")
		_, err = provision.Database(t.Context(), root, "payment", "first")
		require.EqualError(t, err, "provision payment: ROLE_NOT_OURS: the database amends_payment is owned by postgres")
		require.Equal(t, "0", ask(t, root, "SELECT count(*)::text FROM pg_roles WHERE rolname = 'amends_payment'"), "nothing was made")
	})

	t.Run("CompletesAnAttemptThatWasCutOff", func(t *testing.T) {
		t.Parallel()
		root := strict
		for _, name := range []string{"inventory", "shipping"} {
			execute(t, root, "CREATE ROLE amends_"+name+" LOGIN PASSWORD 's3cret'")
		}
		execute(t, root, "CREATE DATABASE amends_shipping OWNER amends_shipping ALLOW_CONNECTIONS false")
		for _, name := range []string{"inventory", "shipping"} {
			dsn, err := provision.Database(t.Context(), root, name, "s3cret")
			require.NoError(t, err)
			execute(t, dsn, "CREATE TABLE mine (n bigint)")
			require.Equal(t, "false", ask(t, root, "SELECT has_database_privilege('public', 'amends_"+name+"', 'CONNECT')::text"))
		}
	})

	t.Run("NeedsNoSuperuser", func(t *testing.T) {
		t.Parallel()
		root := strict
		execute(t, root, "CREATE ROLE chief LOGIN CREATEDB CREATEROLE PASSWORD 'chief'")
		u, err := url.Parse(root)
		require.NoError(t, err)
		u.User = url.UserPassword("chief", "chief")
		for range 2 {
			dsn, err := provision.Database(t.Context(), u.String(), "provider", "s3cret")
			require.NoError(t, err)
			execute(t, dsn, "CREATE TABLE IF NOT EXISTS mine (n bigint)")
		}
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
