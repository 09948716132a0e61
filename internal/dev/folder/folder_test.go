package folder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/folder"
)

func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.False(t, folder.InUse(dir))
	held, err := folder.Lock(dir)
	require.NoError(t, err)
	require.True(t, folder.InUse(dir))
	_, err = folder.Lock(dir)
	require.ErrorContains(t, err, "data_dir: "+dir+" is in use by another amends")
	require.NoError(t, held.Close())
	require.False(t, folder.InUse(dir))
	again, err := folder.Lock(dir)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.False(t, folder.Own(path), "there is none")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.True(t, folder.Own(path))
	require.NoError(t, os.Symlink(path, path+".link"))
	require.False(t, folder.Own(path+".link"))
	require.NoError(t, os.Chmod(path, 0o622)) // others may write to it
	require.False(t, folder.Own(path))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chmod(path, 0o600))
		require.NoError(t, os.Chown(path, 65534, -1))
		require.False(t, folder.Own(path), "it is another user's")
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	for _, content := range []string{"first", "second"} {
		require.NoError(t, folder.Replace(path, []byte(content)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	require.Error(t, folder.Replace(filepath.Join(dir, "folder"), nil))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2, "a replacement that failed leaves no file")
}
