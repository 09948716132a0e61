//go:build whole

package upgrade_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	from   = flag.String("from", "d94db74c2c1fbe28abefbcac95c772d0171ee597", "tag or commit of the last release, or its binary; default: v0.1.0")
	built  = flag.String("this", "", "binary of this build; default: built from the tree")
	orders = flag.Int("orders", 200, "orders that the last release starts")
)

// release is a build of amends that runs.
type release struct {
	name, bin string
	// environ has the settings of all its processes, worker those of its workers, api those
	// of its API: a build refuses settings that it does not know.
	environ, worker, api []string
}

// command returns the environment of a command beside the platform.
func (r release) command(s *stand) []string {
	return append(s.environ(r), s.databases...)
}

// binaries returns those of the last release and of this build.
func binaries(t *testing.T) (last, this string) {
	t.Helper()
	if this = *built; this == "" {
		this = build(t, filepath.Join("..", ".."))
	}
	if info, err := os.Stat(*from); err == nil && info.Mode().IsRegular() {
		return *from, this
	}
	return buildLast(t), this
}

// buildLast builds the last release, in the sources of its commit.
func buildLast(t *testing.T) string {
	t.Helper()
	sources := t.TempDir()
	archive := exec.CommandContext(t.Context(), "git", "archive", "--format=tar", *from)
	archive.Dir = filepath.Join("..", "..")
	unpack := exec.CommandContext(t.Context(), "tar", "-x", "-C", sources)
	var problems bytes.Buffer
	archive.Stderr, unpack.Stderr = &problems, &problems
	var err error
	unpack.Stdin, err = archive.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, unpack.Start())
	require.NoError(t, archive.Run(), "git archive %s: %s", *from, &problems)
	require.NoError(t, unpack.Wait(), "%s", &problems)
	return build(t, sources)
}

// build builds the amends of a tree.
func build(t *testing.T, tree string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "amends")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", bin, "./cmd/amends")
	cmd.Dir, cmd.Env = tree, append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}
