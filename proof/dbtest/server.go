package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/postgres"
)

// private is the one server of this process, started by the first test that needs
// it. It ends with the process, even a killed one, and leaves nothing behind.
var private = sync.OnceValues(start)

// server returns the superuser's DSN of the test server.
func server(tb testing.TB) string {
	tb.Helper()
	if dsn := os.Getenv("TEST_DATABASE_URL"); dsn != "" {
		return dsn
	}
	own, err := private()
	require.NoError(tb, installed(tb, err))
	return own.DSN
}

// Binaries returns the folder of PostgreSQL's binaries. Without them the test is
// skipped, or fails if CI=true or AMENDS_REQUIRE_POSTGRES=1.
func Binaries(tb testing.TB) string {
	tb.Helper()
	bin, err := postgres.Find()
	require.NoError(tb, installed(tb, err))
	return bin
}

// installed skips the test if err says that PostgreSQL is not installed, unless it
// must be; otherwise it returns err.
func installed(tb testing.TB, err error) error {
	tb.Helper()
	required := os.Getenv("CI") == "true" || os.Getenv("AMENDS_REQUIRE_POSTGRES") == "1"
	if errors.Is(err, postgres.ErrNotInstalled) && !required {
		tb.Skip(err)
	}
	return err
}

// start starts a private server.
func start() (*postgres.Server, error) {
	bin, err := postgres.Find()
	if err != nil {
		return nil, fmt.Errorf("%w, and TEST_DATABASE_URL is not set", err)
	}
	dir, err := os.MkdirTemp("", "amends-pg-")
	if err != nil {
		return nil, err
	}
	s, err := postgres.Start(context.Background(), postgres.Options{Bin: bin, Dir: dir, Safety: postgres.Nothing, Remove: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}
