package console

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTroublesLeadToTheirRunbooks: the home page and the doctor's link to pages that exist.
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
	named := regexp.MustCompile(`template "runbook" "(\w+)"`)
	for _, folder := range []string{"pages", "parts"} {
		files, err := filepath.Glob(folder + "/*.html")
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, name := range named.FindAllStringSubmatch(string(text), -1) {
				require.FileExists(t, "../../docs/runbooks/"+name[1]+".md", file)
			}
		}
	}
}
