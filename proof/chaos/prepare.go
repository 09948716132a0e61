package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
)

// Prepare builds the binary of this tree into a new folder for a platform, which
// is kept if the test fails. Without an engine or PostgreSQL the test is skipped,
// or fails if CI=true.
func Prepare(tb testing.TB) Where {
	tb.Helper()
	binaries := enginetest.Binaries(tb)
	dbtest.Binaries(tb)                           // skips without PostgreSQL
	dir, err := os.MkdirTemp("", "amends-chaos-") //nolint:usetesting // PostgreSQL's own user must get there, and a failure is kept
	require.NoError(tb, err)
	require.NoError(tb, os.Chmod(dir, 0o711)) //nolint:gosec // see above
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("kept: %s", dir)
			return
		}
		require.NoError(tb, os.RemoveAll(dir))
	})
	amends := filepath.Join(dir, "amends")
	out, err := exec.CommandContext(tb.Context(), "go", "build", "-o", amends, "../../cmd/amends").CombinedOutput() //nolint:gosec // a new file of our own
	require.NoError(tb, err, "%s", out)
	return Where{Dir: dir, Amends: amends, Binaries: binaries}
}
