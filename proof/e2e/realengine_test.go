package e2e_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/shoptest"
)

// realEngine is an `amends temporal-postgres` that is ready.
type realEngine struct {
	*process

	address, database string
}

// realEngineBanner is its output when it is.
var realEngineBanner = regexp.MustCompile(`^Temporal v[\d.]+ on PostgreSQL is ready \(\d+\.\d s\)

  Engine    (127\.0\.0\.1:\d+), namespace default
  Database  postgres://postgres@(127\.0\.0\.1:\d+)/temporal, its password is in .*/password

The platform on it, in another terminal:

  bin/amends dev --temporal-address (127\.0\.0\.1:\d+) --data-dir \.amends-postgres

Ctrl-C stops everything. What was stored stays in .*\.
$`)

// startRealEngine starts an engine from the binaries of bin/.
func startRealEngine(t *testing.T, dir string, args ...string) *realEngine {
	t.Helper()
	binaries := filepath.Dir(enginetest.Binaries(t).Server)
	args = append([]string{"temporal-postgres", "--data-dir", dir, "--binaries", binaries, "--port", "0"}, args...)
	p := launch(t, home(dir), args...)
	said := p.says(t, "Ctrl-C stops everything")
	require.Regexp(t, realEngineBanner, said)
	m := realEngineBanner.FindStringSubmatch(said)
	require.Equal(t, m[1], m[3])
	return &realEngine{process: p, address: m[1], database: m[2]}
}

// open returns a new folder that PostgreSQL's user can reach: if we are root,
// PostgreSQL runs as another user, who cannot open the test's folder.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "amends-e2e-") //nolint:usetesting // see above
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// Two engines run beside each other: one is killed, the other serves the tests that
// need an engine and leave it alone.
func TestRealEngine(t *testing.T) {
	t.Parallel()
	dir, besideDir := open(t), open(t)
	first, beside := startRealEngine(t, dir), startRealEngine(t, besideDir)
	require.NotEqual(t, first.address, beside.address)
	require.NotEqual(t, first.database, beside.database)
	t.Cleanup(func() { beside.drain(t, syscall.SIGTERM) })

	t.Run("IsKilledAndGoesOn", func(t *testing.T) {
		t.Parallel()
		killAndGoOn(t, first, dir)
	})
	t.Run("SaysWhyItEnds", func(t *testing.T) {
		t.Parallel()
		sayWhyItEnds(t, beside, besideDir)
	})
	t.Run("TellsItsTime", func(t *testing.T) {
		t.Parallel()
		c, err := engine.Dial(engine.Options{Address: beside.address, Isolated: true})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		skew, err := clock.Measure(t.Context(), c)
		require.NoError(t, err)
		require.LessOrEqual(t, skew.Ahead.Abs(), skew.Within+time.Second, "it runs on this host")
	})
	t.Run("LetsTheDoctorRunByItself", func(t *testing.T) {
		t.Parallel()
		letTheDoctorRun(t, beside)
	})
}

func killAndGoOn(t *testing.T, first *realEngine, dir string) {
	t.Helper()
	devDir := t.TempDir()
	dev := launch(t, home(devDir), "dev", "--data-dir", devDir, "--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0",
		"--temporal-address", first.address)
	said := dev.says(t, "Ctrl-C stops everything")
	m := regexp.MustCompile(`API +(\S+)\n(?s:.*)Engine +` + first.address + `, namespace default\n`).FindStringSubmatch(said)
	require.NotNil(t, m, said)
	shop, customer := shoptest.Open(t, devDSNs(devDir), false), shopper{m[1]}
	r := customer.insist(t, "", "wait=30", demo("tok_visa"))
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, confirmed, r.order.Status)

	// Killed in the middle of an order, the engine keeps only its stored state.
	slow := customer.begins(t, shop, demo("tok_slow"))
	first.kill(t)
	eventually(t, "no process is left", func() bool { return len(named(t, dir)) == 0 })

	// It continues under the address that its waiting users know.
	began := time.Now()
	second := startRealEngine(t, dir)
	require.Equal(t, first.address, second.address)
	eventually(t, "what was left undecided is decided", func() bool { return customer.get(t, slow).order.Status == confirmed })
	t.Logf("decided %s after the start", time.Since(began).Round(time.Millisecond))
	require.Equal(t, confirmed, customer.get(t, r.order.ID).order.Status)
	require.NoError(t, shop.Check(t.Context()))

	dev.drain(t, syscall.SIGINT)
	second.drain(t, syscall.SIGINT)
	require.Empty(t, named(t, dir), "no process is left")
	second.requireQuiet(t)
}

func sayWhyItEnds(t *testing.T, engine *realEngine, dir string) {
	t.Helper()
	require.Regexp(t, `^amends: data_dir: .* is in use by another amends; stop it, or choose another with --data-dir$`,
		complains(t, home(dir), "temporal-postgres", "--data-dir", dir, "--binaries", "../../bin", "--port", "0"))
	_, port, err := net.SplitHostPort(engine.address)
	require.NoError(t, err)
	require.Equal(t, "amends: port: "+engine.address+" is in use; stop what uses it, or choose another with --port",
		complains(t, home(dir), "temporal-postgres", "--data-dir", open(t), "--binaries", "../../bin", "--port", port))
	require.Contains(t, complains(t, home(dir), "temporal-postgres", "--data-dir", open(t), "--binaries", "/nowhere"), "scripts/temporal-server.sh")
}
