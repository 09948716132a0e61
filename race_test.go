package amends

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scripts/test.sh leaves these packages out of the race detector, because there is nothing in
// them that could race.
func TestPackagesWithoutTheRaceDetectorShareNothing(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, pkg := range listPackages(t) {
		if root, _, _ := strings.Cut(pkg.path, "/"); root != "workflows" && !strings.HasPrefix(pkg.path+"/", "saga/barrier/") {
			continue
		}
		for _, shares := range []string{"sync", "sync/atomic", "golang.org/x/sync/errgroup", module + "/internal/background", module + "/internal/process"} {
			require.NotContains(t, pkg.imports, shares, pkg.path)
		}
		for _, name := range pkg.files {
			checked++
			require.False(t, startsGoroutine(t, filepath.Join(pkg.dir, name)), "%s/%s: a goroutine", pkg.path, name)
		}
	}
	require.Greater(t, checked, 20)
}

// startsGoroutine reports whether a file has a go statement.
func startsGoroutine(t *testing.T, path string) bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	return slices.ContainsFunc(slices.Collect(ast.Preorder(file)), func(n ast.Node) bool { _, is := n.(*ast.GoStmt); return is })
}
