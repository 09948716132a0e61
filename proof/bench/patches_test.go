package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No other test would notice a patch that no longer applies, or whose result no longer
// builds.
func TestPatchesApplyAndBuild(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	patches, err := filepath.Glob("without/*.patch")
	require.NoError(t, err)
	var names []string
	for _, patch := range patches {
		text, err := os.ReadFile(patch)
		require.NoError(t, err)
		name, _, _ := strings.Cut(string(text), "\n")
		require.NotEmpty(t, name, "the first line names the row of the table")
		require.NotContains(t, name, "=")
		names = append(names, name)
		overlay, packages := patched(t, root, text)
		execute(t, root, nil, "go", append([]string{"build", "-overlay", overlay}, packages...)...)
	}
	require.Contains(t, names, untold, "the row whose aim is judged")
}

// patched applies a patch to copies of its files, and returns an overlay for go build that
// replaces the files by them, with the packages they are in.
func patched(t *testing.T, root string, patch []byte) (overlay string, packages []string) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for line := range strings.Lines(execute(t, root, patch, "git", "apply", "--numstat", "-")) {
		file := strings.TrimSpace(line[strings.LastIndex(line, "\t"):])
		if content, err := os.ReadFile(filepath.Join(root, file)); err == nil {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
		} else {
			require.ErrorIs(t, err, fs.ErrNotExist, "else the patch adds it")
		}
		replace[filepath.Join(root, file)] = filepath.Join(dir, file)
		packages = append(packages, "./"+filepath.Dir(file))
	}
	execute(t, dir, patch, "git", "apply", "-")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay = filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, text, 0o600))
	return overlay, packages
}

// execute runs a command in a folder, and returns its output.
func execute(t *testing.T, dir string, in []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, said)
	return string(said)
}
