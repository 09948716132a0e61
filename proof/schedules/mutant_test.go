package schedules_test

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// root is the repository's.
const root = "../.."

var allMutants = flag.Bool("mutants", false, "try every mutant, not only the quick ones")

// mutant is a broken copy of one file. The tests must fail with it: a mutant that
// survives shows that they do not prove their claims.
type mutant struct {
	name string
	file string // from the repository's root
	was  string // stands in the file exactly once
	is   string
	// by are the arguments of go test that catch it.
	by    []string
	quick bool // tried also without -mutants
}

// explore runs the explorer with at most that many faults.
func explore(faults string, more ...string) []string {
	return append([]string{"./proof/schedules", "-run", "TestNoScheduleOfFaultsBreaksAnOrder", "-faults", faults}, more...)
}

// express runs the explorer of express orders on one schedule, or on small samples.
func express(faults string, more ...string) []string {
	return append([]string{"./proof/schedules", "-run", "TestNoScheduleOfFaultsBreaksAnExpressOrder", "-faults", faults}, more...)
}

// repaid runs the explorer of refunds.
func repaid() []string { return named("./proof/schedules", "TestNoFaultBreaksARefund") }

// named runs named tests of a package.
func named(pkg, run string) []string { return []string{pkg, "-run", run} }

// caughtWithin is the time that a test has to notice a mutant, without the build. With all of
// them it is a measurement; otherwise the machine does other work.
func caughtWithin() string {
	if *allMutants {
		return "60s"
	}
	return "3m"
}

func TestEveryMutantIsCaught(t *testing.T) {
	t.Parallel()

	for _, m := range slices.Concat(mutants, mailMutants, choreographed) {
		if !m.quick && !*allMutants {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			out, err := m.test(t)
			require.Error(t, err, "the mutant survives:\n%s", out)
			require.NotContains(t, out, "[build failed]", "the mutant does not even build")
			require.NotContains(t, out, "no tests to run", "nothing was tried")
			require.Contains(t, out, "--- FAIL", "it must be a test that fails")
			fmt.Fprintf(os.Stdout, "mutant %s in %s: caught by %s\n", m.name, m.file, catcher(out))
		})
	}
}

var (
	failedTest     = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	failedSchedule = regexp.MustCompile(`schedule "([^"]*)"`)
)

// catcher returns the first test that failed, with its schedule if it was the
// explorer.
func catcher(out string) string {
	by := failedTest.FindStringSubmatch(out)[1]
	if s := failedSchedule.FindStringSubmatch(out); s != nil {
		by += ", schedule " + cmp.Or(s[1], "(no fault)")
	}
	return by
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// A mutant whose file or test has changed its name is noticed at once, not only when
// all mutants are tried.
func TestEveryMutantFitsItsFile(t *testing.T) {
	t.Parallel()

	for _, m := range slices.Concat(mutants, mailMutants, choreographed, upgrades) {
		m.source(t)
		pkg, run := m.by[0], m.by[2]
		tests := regexp.MustCompile(strings.Split(run, "/")[0])
		files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(files, func(file string) bool {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			return slices.ContainsFunc(testFunc.FindAllSubmatch(text, -1), func(f [][]byte) bool { return tests.Match(f[1]) })
		}), "%s: no test of %s matches %s", m.name, pkg, run)
	}
}

// source returns the original file, which has the text of the mutant exactly once.
func (m mutant) source(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, m.file))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(source), m.was), "%s: %s has changed: bring the mutant up to date", m.name, m.file)
	return string(source)
}

// test builds the tests with the mutant in place of its original, and runs them.
// The file of the original does not change.
func (m mutant) test(t *testing.T) (output string, err error) {
	t.Helper()
	source := m.source(t)
	original, err := filepath.Abs(filepath.Join(root, m.file))
	require.NoError(t, err)
	dir := t.TempDir()
	copied := filepath.Join(dir, filepath.Base(m.file))
	require.NoError(t, os.WriteFile(copied, []byte(strings.Replace(source, m.was, m.is, 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: copied}})
	require.NoError(t, err)
	overlayFile := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))

	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	args := append([]string{"test", "-count=1", "-vet=off", "-timeout", caughtWithin(), "-overlay", overlayFile}, m.by...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
