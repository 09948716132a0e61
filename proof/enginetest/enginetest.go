// Package enginetest gives tests the engine that the scripts put into bin/: the
// Temporal CLI with its dev server, and the Temporal server.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/dev/temporalserver"
)

// FindCLI returns the Temporal CLI for tests: AMENDS_TEMPORAL_BIN if that is set,
// else bin/temporal of the repository, else the one on PATH. Its error says why
// that CLI cannot be used; there is no fallback from a bad one to the next.
func FindCLI(ctx context.Context) (string, error) {
	if bin := os.Getenv("AMENDS_TEMPORAL_BIN"); bin != "" {
		return temporal.Find(ctx, bin)
	}
	dir, err := bin()
	if err != nil {
		return "", err
	}
	built := filepath.Join(dir, "temporal")
	if _, err := os.Stat(built); errors.Is(err, fs.ErrNotExist) {
		built = ""
	}
	return temporal.Find(ctx, built)
}

// CLI is [FindCLI] for a test, which is skipped without a CLI, or fails if CI=true.
func CLI(tb testing.TB) string {
	tb.Helper()
	found, err := FindCLI(tb.Context())
	if err != nil && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}
	require.NoError(tb, err)
	return found
}

// Start starts a dev server for the duration of the test. It sets the CLI of the
// options, and their folder if there is none.
func Start(tb testing.TB, o temporal.Options) *temporal.Server {
	tb.Helper()
	o.Bin = CLI(tb)
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	s, err := temporal.Start(tb.Context(), o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Stop()) })
	return s
}

// Binaries returns those of the Temporal server in bin/ of the repository. Without
// them the test is skipped, or fails if CI=true.
func Binaries(tb testing.TB) temporalserver.Binaries {
	tb.Helper()
	dir, err := bin()
	require.NoError(tb, err)
	found, err := temporalserver.Find(dir)
	if errors.Is(err, temporalserver.ErrNotBuilt) && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}
	require.NoError(tb, err)
	return found
}

// bin returns the folder bin/ of the repository: tests run in the folders of their
// packages, below it.
func bin() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		switch {
		case err == nil:
			return filepath.Join(dir, "bin"), nil
		case filepath.Dir(dir) == dir:
			return "", fmt.Errorf("find bin: %w", err)
		}
		dir = filepath.Dir(dir)
	}
}
