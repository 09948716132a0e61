package contract_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryBaselineSaysWhatItIsOf: lint compares today's contracts with those of each
// release, which are files here, because a release's commit may be gone from a clone.
func TestEveryBaselineSaysWhatItIsOf(t *testing.T) {
	t.Parallel()
	baselines, err := filepath.Glob("released/*/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, baselines)
	commit := regexp.MustCompile(`^# The contract of (v\d+\.\d+\.\d+) \(commit [0-9a-f]{40}\)`)
	for _, path := range baselines {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		m := commit.FindStringSubmatch(string(text))
		require.NotNil(t, m, path)
		require.Equal(t, filepath.Base(filepath.Dir(path)), m[1], path)
	}
}

// TestEveryExceptionHasAReason: a breaking change is allowed only for one.
func TestEveryExceptionHasAReason(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("released/exceptions.txt")
	require.NoError(t, err)
	reason := regexp.MustCompile(`^# (widened|security): .{10,}$`)
	before := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			require.Regexp(t, reason, before, line)
		}
		before = line
	}
}
