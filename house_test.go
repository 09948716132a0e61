package amends

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/amends/amends"

// maxLines is how long a file may get before a reader no longer finds the room.
const maxLines = 400

// goPackage is what the tests of the architecture know of one of our packages.
type goPackage struct {
	path    string   // below the module; "." is the root
	dir     string   // where its files are
	files   []string // its Go files; the tests' only if there are no others
	tests   []string // its test files
	imports []string // import paths of files
	links   []string // what a binary with this package links

	testOnly bool // has no files but test files
}

// loaded lists the packages once: it takes a second.
var loaded = sync.OnceValues(load)

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	pkgs, err := loaded()
	require.NoError(t, err)
	return pkgs
}

func load() ([]goPackage, error) {
	//nolint:noctx // once for all tests, so it has the context of none
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,Deps,TestGoFiles,TestImports,XTestGoFiles,XTestImports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}

	var pkgs []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Dir                                      string
			GoFiles, Imports, Deps                               []string
			TestGoFiles, TestImports, XTestGoFiles, XTestImports []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		rel, _ := ourPath(p.ImportPath)
		pkg := goPackage{path: rel, dir: p.Dir, files: p.GoFiles, imports: p.Imports, links: p.Deps}
		pkg.tests = append(p.TestGoFiles, p.XTestGoFiles...)
		if len(p.GoFiles) == 0 {
			pkg.testOnly, pkg.files = true, pkg.tests
			pkg.imports = append(p.TestImports, p.XTestImports...)
			pkg.links = pkg.imports
		}
		pkgs = append(pkgs, pkg)
	}
}

// ourPath returns an import path below the module, if it is one of ours.
func ourPath(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	t.Parallel()

	for _, pkg := range listPackages(t) {
		var docs []string
		for _, name := range pkg.files {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			require.NoError(t, err)
			if ast.IsGenerated(file) || file.Doc == nil {
				continue
			}
			docs = append(docs, name)
			start := "Package " + strings.TrimSuffix(file.Name.Name, "_test") + " "
			if file.Name.Name == "main" {
				start = "Command "
			}
			if !strings.HasPrefix(file.Doc.Text(), start) {
				t.Errorf("%s/%s: its package comment does not start with %q", pkg.path, name, start)
			}
		}
		if len(docs) != 1 && !generated(t, pkg) {
			t.Errorf("%s has %d package comments, in %v; it needs exactly one", pkg.path, len(docs), docs)
		}
	}
}

// generated says whether every file of a package is.
func generated(t *testing.T, pkg goPackage) bool {
	t.Helper()
	return !slices.ContainsFunc(pkg.files, func(name string) bool {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		return !ast.IsGenerated(file)
	})
}

func TestFilesStayShort(t *testing.T) {
	t.Parallel()

	for _, pkg := range listPackages(t) {
		for _, name := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(pkg.files), pkg.tests...)))) {
			text, err := os.ReadFile(filepath.Join(pkg.dir, name))
			require.NoError(t, err)
			lines := strings.Count(string(text), "\n")
			if lines > maxLines && !strings.Contains(string(text[:min(len(text), 400)]), "DO NOT EDIT") {
				t.Errorf("%s/%s has %d lines; split what has more than %d", pkg.path, name, lines, maxLines)
			}
		}
	}
}

// TestServicesAreOfOneShape keeps the services alike: who knows one finds
// everything in another. Sameness by copying alone drifts.
func TestServicesAreOfOneShape(t *testing.T) {
	t.Parallel()

	services, err := filepath.Glob("services/*")
	require.NoError(t, err)
	require.NotEmpty(t, services)

	var worker []string
	for _, pkg := range listPackages(t) {
		if pkg.path == "worker/registry" {
			worker = pkg.imports
		}
	}

	for _, dir := range services {
		name := filepath.Base(dir)
		for _, want := range []string{
			filepath.Join(dir, "doc.go"),     // what it owns, its invariants, its do/undo pairs
			filepath.Join(dir, name+".go"),   // domain types, closed sets, legal transitions
			filepath.Join(dir, "service.go"), // the contract
			filepath.Join(dir, "events.go"),  // the facts that it tells
			filepath.Join(dir, "store"),      // rows
			filepath.Join(dir, "store", "migrations"),
			filepath.Join("activities", name+".go"),
		} {
			if _, err := os.Stat(want); err != nil {
				t.Errorf("service %s has no %s", name, want)
			}
		}
		if store := module + "/services/" + name + "/store"; !slices.Contains(worker, store) {
			t.Errorf("the worker does not import %s: service %s has no row in its registry", store, name)
		}
	}
}
