package amends

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Releases rely on the summary of `make test`, so it has tests of its own, on events
// as `go test -json` prints them.
const (
	passes = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"m/a","Test":"TestX","Output":"    x_test.go:5: noise\n"}
{"Action":"pass","Package":"m/a","Test":"TestX","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.012s\n"}
{"Action":"pass","Package":"m/a","Elapsed":0.012}
`
	fails = `{"Action":"run","Package":"m/b","Test":"TestY/says_\"no\""}
{"Action":"output","Package":"m/b","Test":"TestY/says_\"no\"","Output":"    y_test.go:7: got \"a\\b\" \u003c\u003e \"Action\":\"pass\"\n"}
{"Action":"fail","Package":"m/b","Test":"TestY/says_\"no\"","Elapsed":0}
{"Action":"output","Package":"m/b","Output":"FAIL\n"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t0.020s\n"}
{"Action":"fail","Package":"m/b","Elapsed":0.02}
`
	skips = `{"Action":"run","Package":"m/c","Test":"TestZ"}
{"Action":"output","Package":"m/c","Test":"TestZ","Output":"    z_test.go:9: no engine\n"}
{"Action":"skip","Package":"m/c","Test":"TestZ","Elapsed":0}
{"Action":"output","Package":"m/c","Output":"ok  \tm/c\t0.001s\n"}
{"Action":"pass","Package":"m/c","Elapsed":0.001}
`
	dies = `{"Action":"run","Package":"m/d","Test":"TestHang"}
{"Action":"output","Package":"m/d","Test":"TestHang","Output":"panic: test timed out after 1s\n"}
{"Action":"output","Package":"m/d","Output":"FAIL\tm/d\t1.000s\n"}
{"Action":"fail","Package":"m/d","Elapsed":1}
`
	doesNotBuild = `{"ImportPath":"m/e [m/e.test]","Action":"build-output","Output":"e/e.go:3:1: syntax error\n"}
{"ImportPath":"m/e [m/e.test]","Action":"build-fail"}
{"Action":"output","Package":"m/e","Output":"FAIL\tm/e [build failed]\n"}
{"Action":"fail","Package":"m/e","Elapsed":0,"FailedBuild":"m/e [m/e.test]"}
`
	slow = `{"Time":"2026-01-31T23:59:59.5Z","Action":"start","Package":"m/f"}
{"Time":"2026-01-31T23:59:59.6Z","Action":"pass","Package":"m/f","Test":"TestA","Elapsed":1}
{"Time":"2026-01-31T23:59:59.7Z","Action":"pass","Package":"m/f","Test":"TestB","Elapsed":1}
{"Time":"2026-02-01T00:00:01.5Z","Action":"pass","Package":"m/f","Elapsed":2.3}
{"Time":"2026-02-01T00:00:02Z","Action":"pass","Package":"m","Test":"TestC","Elapsed":30}
{"Time":"2026-02-01T00:00:12.4Z","Action":"fail","Package":"m","Elapsed":30.5}
`
)

// table of the slowest packages after the events of slow and passes.
const table = `
slowest packages                                                seconds    tests
.                                                                  30.5        1
f                                                                   2.3        2
all 3 packages, in 13 s by the clock                               32.8        4

4 passed, 1 failed, 0 skipped
`

func TestSummary(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		claim, strict, events string
		ok                    bool
		last                  string
		shows                 []string
	}{
		{"PassesQuietly", "true", passes, true, "1 passed, 0 failed, 0 skipped", []string{"ok  \tm/a\t0.012s\n"}},
		{"ShowsWhatFailed", "", passes + fails, false, "1 passed, 1 failed, 0 skipped", []string{`y_test.go:7: got "a\b" <> "Action":"pass"`, "FAIL\tm/b\t0.020s\n"}},
		{"AllowsASkipAtHome", "", passes + skips, true, "1 passed, 0 failed, 1 skipped", []string{"z_test.go:9: no engine"}},
		{"FailsOnASkipInCI", "true", passes + skips, false, "1 passed, 0 failed, 1 skipped", []string{"z_test.go:9: no engine", "a skipped test is a failure here"}},
		{"CountsAPackageThatDiesBesideAFailedTest", "", fails + dies, false, "0 passed, 2 failed, 0 skipped", []string{"panic: test timed out after 1s"}},
		{"CountsAPackageThatDies", "", passes + dies, false, "1 passed, 1 failed, 0 skipped", []string{"panic: test timed out after 1s"}},
		{"CountsAPackageThatDoesNotBuild", "", passes + doesNotBuild, false, "1 passed, 1 failed, 0 skipped", []string{"e/e.go:3:1: syntax error"}},
		{"CountsGoTestItself", "", passes + "go: no such module\ngo test exited with 1\n", false, "1 passed, 1 failed, 0 skipped", []string{"go: no such module"}},
		{"EndsWithTheSlowestPackages", "", slow + passes, false, "4 passed, 1 failed, 0 skipped", []string{table}},
		{"FailsWithoutAnyTest", "", "", false, "0 passed, 0 failed, 0 skipped", []string{"no test ran"}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()

			cmd := exec.CommandContext(t.Context(), "awk", "-v", "strict="+c.strict, "-v", "module=m", "-f", "scripts/summary.awk")
			cmd.Stdin = strings.NewReader(c.events)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()

			var exit *exec.ExitError
			require.True(t, err == nil || errors.As(err, &exit), "awk: %v", err)
			require.Empty(t, stderr.String())
			require.Equal(t, c.ok, err == nil, "%s", out)
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			require.Equal(t, c.last, lines[len(lines)-1])
			for _, want := range c.shows {
				require.Contains(t, string(out), want)
			}
			require.NotContains(t, string(out), "noise")
		})
	}
}
