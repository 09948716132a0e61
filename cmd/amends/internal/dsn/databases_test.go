package dsn

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := openDatabases(dir, []string{"order"}, nil)
	require.NoError(t, err)
	dsn, err := s.dsn(t.Context(), "order")
	require.NoError(t, err)
	require.Equal(t, "sqlite:"+filepath.Join(dir, "order.db"), dsn)
	require.NoFileExists(t, passwordFile(dir), "a file needs no password")
}

func TestServer(t *testing.T) {
	t.Parallel()
	echo := func(_ context.Context, name, password string) (string, error) { return name + " " + password, nil }
	open := func(dir string, names ...string) []string {
		s, err := openDatabases(dir, names, echo)
		require.NoError(t, err)
		var all []string
		for _, name := range names {
			dsn, err := s.dsn(t.Context(), name)
			require.NoError(t, err)
			all = append(all, dsn)
		}
		return all
	}

	t.Run("KeepsPasswordsAndAddsMissingOnes", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first := open(dir, "order", "catalog")
		require.NotEqual(t, first[0][len("order "):], first[1][len("catalog "):])
		require.Equal(t, first, open(dir, "order", "catalog", "payment")[:2])
	})

	t.Run("RefusesADamagedFile", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(passwordFile(dir), []byte("{"), 0o600))
		_, err := openDatabases(dir, []string{"order"}, echo)
		require.EqualError(t, err, "passwords in "+passwordFile(dir)+": unexpected end of JSON input")
	})
}
