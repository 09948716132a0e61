package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestABadFileIsOneLine gives commands database files that no wait repairs. They end
// at once with one line that says which file it is and how it is bad.
func TestABadFileIsOneLine(t *testing.T) {
	t.Parallel()

	good := filepath.Join(t.TempDir(), "good.db")
	_, err := once(t, []string{"AMENDS_SERVICES_ORDER_DSN=sqlite:" + good}, "migrate", "order")
	require.NoError(t, err)
	content, err := os.ReadFile(good)
	require.NoError(t, err)
	const page = 4096
	require.Greater(t, len(content), 2*page)

	write := func(content []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, content, 0o600))
		}
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, path string)
		want    string // after the path
	}{
		"Truncated": {write(content[:len(content)/2]), ": the file is damaged, or is no SQLite database"},
		"Overwritten": {
			write(append(bytes.Clone(content[:page]), bytes.Repeat([]byte{0xff}, len(content)-page)...)),
			"the file is damaged, or is no SQLite database",
		},
		"Text":     {write([]byte(strings.Repeat("order,amount\n", 1000))), ": the file is damaged, or is no SQLite database"},
		"NoFolder": {func(t *testing.T, path string) { t.Helper(); require.NoError(t, os.Remove(filepath.Dir(path))) }, " cannot be opened for writing: no such file or directory"},
		"Folder":   {func(t *testing.T, path string) { t.Helper(); require.NoError(t, os.Mkdir(path, 0o700)) }, " cannot be opened for writing: is a directory"},
		"Pipe":     {func(t *testing.T, path string) { t.Helper(); require.NoError(t, syscall.Mkfifo(path, 0o600)) }, " is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a%41#b", "order.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			test.prepare(t, path)
			for _, args := range [][]string{{"migrate", "order"}, {"worker", "order"}} {
				began := time.Now()
				_, err := once(t, []string{"AMENDS_SERVICES_ORDER_DSN=sqlite:" + path, "AMENDS_ADMIN_ADDR=127.0.0.1:0", "AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}, args...)
				require.ErrorContains(t, err, "database of order: ")
				require.ErrorContains(t, err, test.want)
				if name != "Overwritten" { // found after it was opened
					require.ErrorContains(t, err, path+test.want)
				}
				require.NotContains(t, err.Error(), "\n")
				require.Less(t, time.Since(began), atOnce, "it does not wait")
			}
		})
	}
}
