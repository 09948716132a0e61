package e2e_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/workflows"
)

// demoStock is the stock of an `amends dev` without other configuration.
var demoStock = map[string]int64{
	"TEA-EARL-GREY": 200_000, "MUG-STONEWARE": 100_000, "KETTLE-STEEL": 100_000, "TEAPOT-LIMITED": 10,
}

// apiKey matches that of the demo customer.
var apiKey = regexp.MustCompile(`amk_[^']+`)

// requirePrivate requires that only its owner can read a data folder and its files.
func requirePrivate(t *testing.T, dir string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // SQLite removes its logs
			return nil
		}
		require.NoError(t, err)
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		files++
		return nil
	}))
	require.Greater(t, files, 8, "a database for each part, and the engine's")
}

func TestDevStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The slow attempt takes as long as a first try may. A durable one is not cut off.
	dev := startDev(t, dir, "AMENDS_SAGA_EXPRESS=false")

	pasted, err := exec.CommandContext(t.Context(), "bash", "-c", dev.curl).Output()
	require.NoError(t, err)
	var first workflows.OrderView
	require.NoError(t, json.Unmarshal(pasted, &first), "%s", pasted)
	require.Equal(t, confirmed, first.Status, "%s", pasted)
	require.Len(t, first.Parcels, 2)

	for _, page := range []string{dev.url + "/docs", dev.url + "/openapi.yaml", dev.url + "/readyz", dev.admin + "/readyz", dev.admin + "/metrics", dev.ui} {
		shows(t, page)
	}

	// At a stop the running step is finished, the saga is not.
	shop := shoptest.Open(t, devDSNs(dir), false)
	slow := dev.begins(t, shop, demo("tok_slow"))
	dev.drain(t, syscall.SIGINT)
	require.Empty(t, named(t, dir), "no process is left")
	dev.requireQuiet(t)
	require.Equal(t, 1, paying(t, shop, payment.Authorized), "what ran was finished")
	undecided, err := shop.Orders.Get(t.Context(), slow)
	require.NoError(t, err)
	require.Equal(t, workflows.StatusPending, undecided.Status)

	requirePrivate(t, dir)
	require.NoError(t, os.Chmod(filepath.Join(dir, "temporal.db"), 0o644)) // as an earlier version left it
	require.NoError(t, os.Chmod(dir, 0o755))
	again := startDev(t, dir)
	requirePrivate(t, dir)
	require.Equal(t, confirmed, again.getAs(t, apiKey.FindString(again.curl), first.ID).order.Status)
	eventually(t, "what was left undecided is decided", func() bool { return again.get(t, slow).order.Status == confirmed })
	for _, s := range again.get(t, slow).order.Steps {
		require.LessOrEqual(t, s.Attempts, 1, "%s is not made again", s.Name)
	}
	again.drain(t, syscall.SIGTERM)
	require.Empty(t, named(t, dir), "no process is left")
	require.NoError(t, shop.Check(t.Context()))
	require.Equal(t, demoStock, received(t, shop), "a second start brings no stock")
}

// demo is a placement of a product of `amends dev`.
func demo(token string) map[string]any {
	body := placement()
	body["lines"] = lines("MUG-STONEWARE", 1)["lines"]
	body["payment_token"] = token
	return body
}

// paying counts the payments in a state.
func paying(t *testing.T, shop *shoptest.Shop, state payment.State) (n int) {
	t.Helper()
	payments, err := shop.Payments.Payments(t.Context())
	require.NoError(t, err)
	for _, p := range payments {
		if p.State == state {
			n++
		}
	}
	return n
}

func TestDevIsKilledAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t) // known to customers, the same after the kill
	start := func() *process {
		p := launch(t, home(dir), devArgs(dir, "--http-addr", address)...)
		p.says(t, "Ctrl-C stops everything")
		return p
	}
	dev := start()
	shop := shoptest.Open(t, devDSNs(dir), false)
	shop.Seed(t)

	customer := shopper{"http://" + address}
	customers := customer.visit(t, 2)
	follow := func() *follower { return customer.follow(t, customer.insist(t, "", "", demo("tok_slow")).order.ID) }
	followed := follow()
	customers.under(t, "orders are under way", 2, func() bool {
		if followed.ended() { // before its stream could break
			followed = follow()
		}
		return held(t, shop) >= 3 && paying(t, shop, payment.Intent) >= 2 && len(followed.all()) > 0 && !followed.ended()
	})
	dev.kill(t)
	if runtime.GOOS == "linux" { // elsewhere the next start ends the orphans
		eventually(t, "no process is left", func() bool { return len(named(t, dir)) == 0 })
	}

	dev = start()
	followed.requireWhole(t, customer) // its order is in the ledgers that the customers are judged by
	customers.served(t, shop)
	dev.drain(t, syscall.SIGINT)
	require.Empty(t, named(t, dir), "no process is left")
}

func TestDevSaysThatAPortIsInUse(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	address := l.Addr().String()
	port := strings.TrimPrefix(address, "127.0.0.1:")

	for flag, value := range map[string]string{"--http-addr": address, "--admin-addr": address, "--temporal-port": port, "--ui-port": port} {
		dir := t.TempDir()
		line := complains(t, home(dir), devArgs(dir, flag, value)...)
		require.Contains(t, line, port)
		require.Contains(t, line, "is in use; stop what uses it, or choose another with "+flag)
		require.Empty(t, named(t, dir), "no process is left")
	}
}
