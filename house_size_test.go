package amends

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Limits of the product's packages, in lines without tests and generated code. A
// package is read as a whole, so a large one costs every reader.
const (
	maxPackage    = 900
	medianPackage = 250
)

// largePackages may exceed maxPackage, for the reason given.
var largePackages = map[string]string{
	"saga": "the kernel is one machine: its parts share the run's unexported state, and its users one import",
}

// Limits of the product's comments: the share of lines, and how often per 10,000
// words a comment uses a word that hides its subject. Plain comments name it.
const (
	minComments = 0.15
	maxComments = 0.20
	maxWhat     = 15.0
	maxPronouns = 3.0
)

// productPackage reports whether a package is part of the product, as opposed to
// what breaks or measures it, examples and tests.
func productPackage(pkg goPackage) bool {
	return !pkg.testOnly && pkg.path != "." && !ofProof(pkg.path) && pkg.path != "proof/load"
}

// source is a hand-written Go file.
type source struct {
	lines    int // all
	code     int // neither blank nor only a comment
	comments int // only a comment
	words    []string
}

var word = regexp.MustCompile(`[a-z']+`)

// parse counts a file. A generated one is nil.
func parse(t *testing.T, path string) *source {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments)
	require.NoError(t, err)
	if ast.IsGenerated(file) {
		return nil
	}

	s := &source{lines: strings.Count(string(text), "\n")}
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case line == "":
		case strings.HasPrefix(line, "//"):
			s.comments++
		default:
			s.code++
		}
	}
	for _, group := range file.Comments {
		s.words = append(s.words, word.FindAllString(strings.ToLower(group.Text()), -1)...)
	}
	return s
}

// TestPackagesStaySmall keeps every product package small enough to be read at
// one sitting. Run it with -v for the figures.
func TestPackagesStaySmall(t *testing.T) {
	t.Parallel()

	var sizes []int
	largest, largestPath := 0, ""
	inner := 0
	for _, pkg := range listPackages(t) {
		if !productPackage(pkg) {
			continue
		}
		lines := 0
		for _, name := range pkg.files {
			if s := parse(t, filepath.Join(pkg.dir, name)); s != nil {
				lines += s.lines
			}
		}
		if lines == 0 {
			continue // generated
		}
		sizes = append(sizes, lines)
		if strings.HasPrefix(pkg.path, "internal/") {
			inner += lines
		}
		if lines > largest {
			largest, largestPath = lines, pkg.path
		}
		if lines > maxPackage && largePackages[pkg.path] == "" {
			t.Errorf("%s has %d lines; split a package that has more than %d", pkg.path, lines, maxPackage)
		}
	}

	slices.Sort(sizes)
	total := 0
	for _, n := range sizes {
		total += n
	}
	median := sizes[len(sizes)/2]
	t.Logf("%d product packages, %d lines, median %d, largest %s with %d, %.0f %% in internal/",
		len(sizes), total, median, largestPath, largest, 100*float64(inner)/float64(total))
	require.Less(t, median, medianPackage, "median of the product's packages, in lines")
}

// TestCommentsArePlain keeps comments few and direct. Run it with -v for the
// figures.
func TestCommentsArePlain(t *testing.T) {
	t.Parallel()

	var product, all source
	for _, pkg := range listPackages(t) {
		for _, name := range slices.Concat(pkg.files, pkg.tests) {
			s := parse(t, filepath.Join(pkg.dir, name))
			if s == nil {
				continue
			}
			all.words = append(all.words, s.words...)
			if productPackage(pkg) && !strings.HasSuffix(name, "_test.go") {
				product.code, product.comments = product.code+s.code, product.comments+s.comments
			}
		}
	}

	share := float64(product.comments) / float64(product.comments+product.code)
	what := rate(all.words, "what")
	pronouns := rate(all.words, "nobody", "somebody", "whoever", "everybody", "anybody")
	t.Logf("comments: %.1f %% of the product's lines; of %d words, per 10,000: what %.1f, nobody and the like %.1f",
		100*share, len(all.words), what, pronouns)
	require.LessOrEqual(t, what, maxWhat, `"what" per 10,000 words of comments`)
	require.LessOrEqual(t, pronouns, maxPronouns, `"nobody", "somebody" and the like per 10,000 words of comments`)
	require.GreaterOrEqual(t, share, minComments, "share of comment lines in the product")
	require.LessOrEqual(t, share, maxComments, "share of comment lines in the product")
}

// rate returns how often some words occur, per 10,000.
func rate(words []string, some ...string) float64 {
	n := 0
	for _, w := range words {
		if slices.Contains(some, w) {
			n++
		}
	}
	return 10_000 * float64(n) / float64(len(words))
}
