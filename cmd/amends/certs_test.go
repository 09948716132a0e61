package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCerts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certs := func(args ...string) (string, error) {
		return once(t, nil, append([]string{"certs", "--dir", filepath.Join(dir, "authority"), "--out", filepath.Join(dir, "out"), "--env", "test"}, args...)...)
	}
	_, err := certs("issue")
	require.ErrorContains(t, err, "has no authority; init makes it")
	out, err := certs("init")
	require.NoError(t, err)
	require.Contains(t, out, "keep it from all other processes")

	out, err = certs("issue")
	require.NoError(t, err)
	require.NotContains(t, out, "PRIVATE")
	for _, name := range []string{"order", "payment", "api", "operator"} {
		require.Contains(t, out, name+": "+filepath.Join(dir, "out", name+".pem"))
		require.FileExists(t, filepath.Join(dir, "out", name+".pem"))
	}
	before, err := os.ReadFile(filepath.Join(dir, "out", "order.pem"))
	require.NoError(t, err)

	out, err = certs("rotate")
	require.NoError(t, err)
	require.Contains(t, out, "run amends certs rotate again after 5m0s")
	_, err = certs("rotate")
	require.ErrorContains(t, err, "when every process has read the bundle")
	out, err = certs("rotate", "--settle", "0s")
	require.NoError(t, err)
	require.Contains(t, out, "run amends certs issue now")
	_, err = certs("issue", "order")
	require.NoError(t, err)
	after, err := os.ReadFile(filepath.Join(dir, "out", "order.pem"))
	require.NoError(t, err)
	require.NotEqual(t, before, after)

	_, err = certs("issue", "--every", "20h")
	require.ErrorContains(t, err, "at most half of --life")
}
