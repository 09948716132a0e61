package temporal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/enginetest"
)

// script writes an executable that prints a line.
func script(t *testing.T, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "temporal")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho '"+line+"'\n"), 0o700))
	return path
}

// Not parallel: a concurrent fork inherits a script that is open for writing, and
// the kernel refuses to run such a file.
func TestFind(t *testing.T) {
	t.Run("TakesWhatIsNewEnough", func(t *testing.T) {
		for _, version := range []string{"1.5.1", "1.10.0", "2.0.0"} {
			path := script(t, "temporal version "+version+" (Server 1.29.1, UI 2.42.1)")
			found, err := temporal.Find(t.Context(), path)
			require.NoError(t, err)
			require.Equal(t, path, found)
		}
	})

	t.Run("RefusesInOneLine", func(t *testing.T) {
		for line, want := range map[string]string{
			"temporal version 1.5.0 (Server 1.28.0)":     " is v1.5.0, older than v1.5.1",
			"temporal version 1.5.1-rc.1 (Server 1.28)":  " is v1.5.1-rc.1, older than v1.5.1",
			"temporal version 0.0.0-DEV (Server 1.29.1)": " is a development build of unknown version",
			"gnu hello 2.10": " is not a Temporal CLI",
		} {
			path := script(t, line)
			_, err := temporal.Find(t.Context(), path)
			require.EqualError(t, err, "temporal_bin: "+path+want)
		}
	})

	t.Run("TakesFromThePathOnlyOneWhoseDriverIsNewEnough", func(t *testing.T) {
		path := script(t, "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)")
		t.Setenv("PATH", filepath.Dir(path))
		_, err := temporal.Find(t.Context(), "")
		require.ErrorContains(t, err, path+" does not tell its SQLite driver")

		t.Setenv("PATH", filepath.Dir(enginetest.CLI(t)))
		_, err = temporal.Find(t.Context(), "")
		require.NoError(t, err)
	})

	t.Run("AsksForTheVersionsThatTheBuildPins", func(t *testing.T) {
		content, err := os.ReadFile("../../../scripts/temporal-cli/go.mod")
		require.NoError(t, err)
		pins, err := modfile.Parse("go.mod", content, nil)
		require.NoError(t, err)
		versions := map[string]string{}
		for _, r := range pins.Require {
			versions[r.Mod.Path] = r.Mod.Version
		}
		require.Equal(t, temporal.MinVersion, versions["github.com/temporalio/cli"])
		require.Equal(t, temporal.MinDriver, versions["modernc.org/sqlite"])
	})

	t.Run("SaysThatThereIsNone", func(t *testing.T) {
		_, err := temporal.Find(t.Context(), "/nowhere/temporal")
		require.EqualError(t, err, "temporal_bin: /nowhere/temporal: no such file or directory")
	})
}
