package folder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/folder"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

// chmod sets a mode whatever the umask is.
func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.Chmod(path, mode))
}

func TestPrepare(t *testing.T) {
	t.Parallel()

	t.Run("MakesAFolderForItsOwnerOnly", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "a", "b")
		for range 2 {
			require.NoError(t, folder.Prepare(dir))
			require.Equal(t, os.FileMode(0o700), mode(t, dir))
		}
	})

	t.Run("TightensAFolderAndItsFiles", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
		for _, name := range []string{"temporal.db", "temporal.db-wal", "temporal.log"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("histories"), 0o600))
			chmod(t, filepath.Join(dir, name), 0o666)
		}
		chmod(t, dir, 0o777)
		require.NoError(t, folder.Prepare(dir))
		require.Equal(t, os.FileMode(0o700), mode(t, dir))
		require.Equal(t, os.FileMode(0o700), mode(t, filepath.Join(dir, "sub")))
		for _, name := range []string{"temporal.db", "temporal.db-wal", "temporal.log"} {
			require.Equal(t, os.FileMode(0o600), mode(t, filepath.Join(dir, name)), name)
		}
	})

	t.Run("RefusesALink", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		target := filepath.Join(dir, "target")
		require.NoError(t, os.Mkdir(target, 0o700))
		require.NoError(t, os.Symlink(target, filepath.Join(dir, "data")))
		require.ErrorContains(t, folder.Prepare(filepath.Join(dir, "data")), "data_dir: "+filepath.Join(dir, "data")+" is a symbolic link")
		require.NoError(t, folder.Prepare(target))
		require.NoError(t, os.Symlink("/dev/null", filepath.Join(target, "temporal.db")))
		require.ErrorContains(t, folder.Prepare(target), "temporal.db is a symbolic link")
	})

	t.Run("RefusesAFolderThatOthersCanReplace", func(t *testing.T) {
		t.Parallel()
		parent := t.TempDir()
		for _, tc := range []struct {
			mode    os.FileMode
			refused bool
		}{{0o777, true}, {0o702, true}, {0o777 | os.ModeSticky, false}, {0o770, false}, {0o755, false}} {
			chmod(t, parent, tc.mode)
			err := folder.Prepare(filepath.Join(parent, "data"))
			if tc.refused {
				require.ErrorContains(t, err, "data_dir: other users can write to "+parent, "%o", tc.mode)
			} else {
				require.NoError(t, err, "%o: the group is the user's own", tc.mode)
			}
		}
	})

	t.Run("RefusesAnotherUsersFiles", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("only root can give files away")
		}
		dir := filepath.Join(t.TempDir(), "data")
		require.NoError(t, folder.Prepare(dir))
		file := filepath.Join(dir, "order.db")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		require.NoError(t, os.Chown(file, 12345, 12345))
		require.ErrorContains(t, folder.Prepare(dir), file+" belongs to another user")
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.Chown(dir, 12345, 12345))
		require.ErrorContains(t, folder.Prepare(dir), dir+" belongs to another user")
	})
}
