package amends

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// namedTest is a test, or a part of one, as docs/security.md names it: `api TestAccess`,
// `services/user/store TestRefresh/RotatesTheToken`.
var namedTest = regexp.MustCompile("`([a-z][a-z0-9_/]*) ((?:Test|Fuzz)\\w+)(?:/(\\w+))?`")

// TestSecurityIsHeldByTests keeps docs/security.md true: each requirement of the standards
// has a row, and a row has tests that exist, or the reason why there are none.
func TestSecurityIsHeldByTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	rows, tests := securityRows(string(page)), testsOf(t)
	for id, held := range rows {
		if problem := judgeRow(held, tests); problem != "" {
			t.Errorf("docs/security.md: %s: %s", id, problem)
		}
	}
	list, err := os.ReadFile("testdata/security/asvs-5.0.0.txt")
	require.NoError(t, err)
	wanted := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		id, level, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok && (level == "1" || level == "2"), line)
		wanted[id] = true
	}
	for n := 1; n <= 10; n++ {
		wanted[fmt.Sprintf("API%d:2023", n)] = true
	}
	for id := range wanted {
		require.Contains(t, rows, id, "docs/security.md has no row for it")
	}
	for id := range rows {
		require.True(t, wanted[id], "docs/security.md has a row for %s, which no standard has", id)
	}
}

// TestARowOfSecurityIsJudged shows the judgement of rows that are wrong.
func TestARowOfSecurityIsJudged(t *testing.T) {
	t.Parallel()
	tests := testsOf(t)
	for held, wrong := range map[string]bool{
		"`fault TestErrorf`": false,
		"`fault TestErrorf`, `internal/identity/token TestParse/RefusesExpired`": false,
		"`internal/identity/token TestParse/RefusesThePublicKeyAsASecret`":       false,
		"Not applicable: there is no XML.":                                       false,
		"`fault TestNone`":                                                       true,
		"`none TestErrorf`":                                                      true,
		"`fault TestErrorf`, `fault TestNone`":                                   true,
		"`internal/identity/token TestParse/RefusesWhatIsNoCase`":                true,
		"`services/user/password TestTheDefaultIsThatOfOWASP/EightCharacters`":   true,
		"Not applicable:":                                                        true,
		"It is right.":                                                           true,
		"":                                                                       true,
	} {
		require.Equal(t, wrong, judgeRow(held, tests) != "", held)
	}
	require.Equal(t, map[string]string{"V1.1.1": "b", "V1.1.2": "b", "API1:2023": "c"}, securityRows("| V1.1.1, V1.1.2 | a | b |\n| x | y | z |\n|---|\n| API1:2023 | d | c |"))
}

// securityRows returns the last column of the page's tables, by the ids of the first.
func securityRows(page string) map[string]string {
	id := regexp.MustCompile(`^(V\d+\.\d+\.\d+|API\d+:2023)$`)
	rows := map[string]string{}
	for line := range strings.SplitSeq(page, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for name := range strings.SplitSeq(cells[0], ",") {
			if name = strings.TrimSpace(name); id.MatchString(name) {
				rows[name] = strings.TrimSpace(cells[len(cells)-1])
			}
		}
	}
	return rows
}

// judgeRow returns what is wrong with the last cell of a row, "" if nothing is.
func judgeRow(held string, tests map[string][]string) string {
	named := namedTest.FindAllStringSubmatch(held, -1)
	reason := regexp.MustCompile(`^(Not applicable|Not met|Not tested|Document|Lint): \S`)
	if len(named) == 0 && !reason.MatchString(held) {
		return "it names neither a test nor a reason"
	}
	for _, m := range named {
		texts, ok := tests[m[1]+" "+m[2]]
		if !ok {
			return "there is no test " + m[1] + " " + m[2]
		}
		if m[3] != "" && !slices.ContainsFunc(texts, func(part string) bool {
			rest, ok := strings.CutPrefix(m[3], part)
			return ok && (rest == "" || slices.Contains(texts, rest))
		}) {
			return "the test " + m[1] + " " + m[2] + " has no part " + m[3]
		}
	}
	return ""
}

// testsOf returns the texts in each test of the module, by its package and name: the names
// of its parts are among them, or begin with one and end with another.
func testsOf(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	for _, pkg := range listPackages(t) {
		for _, name := range pkg.tests {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.dir, name), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
					tests[pkg.path+" "+f.Name.Name] = textsIn(f)
				}
			}
		}
	}
	return tests
}

func textsIn(f *ast.FuncDecl) (texts []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil && text != "" {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}
