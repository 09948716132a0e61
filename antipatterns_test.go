package amends

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAntiPatternsAreHeldByTests keeps docs/anti-patterns.md true: every row names tests,
// and they exist.
func TestAntiPatternsAreHeldByTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/anti-patterns.md")
	require.NoError(t, err)
	tests, rows := testsOf(t), 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| anti-pattern") {
			continue
		}
		rows++
		named := regexp.MustCompile("`(\\.|[a-z][a-z0-9_/]*) (Test\\w+)`").FindAllStringSubmatch(cells[2], -1)
		require.NotEmpty(t, named, cells[0])
		for _, m := range named {
			require.Contains(t, tests, m[1]+" "+m[2], cells[0])
		}
	}
	require.Equal(t, 6, rows)
}

// TestEveryServiceOwnsTables: a service without a table is a function that has become a
// process.
func TestEveryServiceOwnsTables(t *testing.T) {
	t.Parallel()
	services, err := filepath.Glob("services/*/service.go")
	require.NoError(t, err)
	for _, path := range services {
		service := filepath.Base(filepath.Dir(path))
		files, err := filepath.Glob("services/" + service + "/store/migrations/*.sql")
		require.NoError(t, err)
		deeper, err := filepath.Glob("services/" + service + "/store/migrations/*/*.sql")
		require.NoError(t, err)
		tables := 0
		for _, file := range append(files, deeper...) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			tables += strings.Count(string(text), "\nCREATE TABLE ")
		}
		require.Positive(t, tables, "%s owns no table", service)
	}
}
