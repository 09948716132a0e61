package console

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTroublesLeadToTheirRunbooks: the home page and the doctor's link to pages that exist, and
// each alert's runbook is linked by some page.
func TestTroublesLeadToTheirRunbooks(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), nightSecret)
	for path, names := range map[string][]string{"/": {"OrderNeedsAttention", "QueueWithoutWorker", "OrderStuck", "DeadLetter"}, "/doctor": {"DoctorFinding"}} {
		for _, name := range names {
			require.Contains(t, p.get(path).text, "/docs/runbooks/"+name+".md", path)
		}
	}
	calm := signedIn(t, serve(t, &world{empty: true}), nightSecret)
	require.NotContains(t, calm.get("/").text, "/docs/runbooks/", "nothing is wrong")
	named, linked := regexp.MustCompile(`template "runbook" "(\w+)"`), map[string]bool{}
	for _, folder := range []string{"pages", "parts"} {
		files, err := filepath.Glob(folder + "/*.html")
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, name := range named.FindAllStringSubmatch(string(text), -1) {
				require.FileExists(t, "../../docs/runbooks/"+name[1]+".md", file)
				linked[name[1]] = true
			}
		}
	}
	alerts, err := os.ReadFile("../../deploy/observability/prometheus/alerts.yaml")
	require.NoError(t, err)
	for _, alert := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(string(alerts), -1) {
		require.True(t, linked[alert[1]], "no page links to the runbook of %s", alert[1])
	}
}
