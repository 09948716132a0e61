package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/inventory"
)

// development is an `amends dev` that is ready.
type development struct {
	*process
	shopper

	admin, ui, curl string
}

// banner is its output when it is.
var banner = regexp.MustCompile(`^amends is ready \(\d+\.\d s\)

  Shop     http://127\.0\.0\.1:\d+/
  API      (http://127\.0\.0\.1:\d+)
  Docs     http://127\.0\.0\.1:\d+/docs
  Console  http://127\.0\.0\.1:\d+/console
  Sagas    (http://127\.0\.0\.1:\d+)/namespaces/default/workflows
  Metrics  (http://127\.0\.0\.1:\d+)/metrics

Place a first order:

  (curl .*)

See the saga of an order by its id:

  (\S+) order show ID --data-dir '\S+'

Ctrl-C stops everything. What was stored stays in .*\.
$`)

// engineOf returns the address of the engine of the `amends dev` in a folder, as commands
// find it.
func engineOf(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "platform.yaml"))
	require.NoError(t, err)
	found := regexp.MustCompile(`temporal:\n +address: (\S+)`).FindStringSubmatch(string(content))
	require.Len(t, found, 2, "%s", content)
	return found[1]
}

// home is the environment of a user who has configured nothing.
func home(dir string) []string { return []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")} }

// devArgs run `amends dev` beside others.
func devArgs(dir string, args ...string) []string {
	return append([]string{
		"dev", "--data-dir", dir, "--temporal-bin", temporalBin,
		"--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-port", "0", "--ui-port", "0",
	}, args...)
}

// startDev starts `amends dev` with settings and reads its banner.
func startDev(t *testing.T, dir string, settings ...string) *development {
	t.Helper()
	p := launch(t, append(home(dir), settings...), devArgs(dir)...)
	said := p.says(t, "Ctrl-C stops everything")
	require.Regexp(t, banner, said)
	m := banner.FindStringSubmatch(said)
	require.Equal(t, p.cmd.Args[0], m[5], "the command can be pasted where this one was given")
	return &development{process: p, shopper: shopper{m[1]}, ui: m[2], admin: m[3], curl: m[4]}
}

// devDSNs are the databases of an `amends dev` on dir.
func devDSNs(dir string) shoptest.DSNs {
	file := func(name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }
	return shoptest.DSNs{
		Order: file("order"), Catalog: file("catalog"), Inventory: file("inventory"),
		Payment: file("payment"), Provider: file("provider"), Shipping: file("shipping"), Carrier: file("carrier"),
	}
}

// received returns how many units of each SKU were ever delivered.
func received(t *testing.T, shop *shoptest.Shop) map[string]int64 {
	t.Helper()
	stock, err := shop.Inventory.AllStock(t.Context())
	require.NoError(t, err)
	units := map[string]int64{}
	for _, s := range stock {
		units[s.SKU] += s.Received
	}
	return units
}

// held counts the reservations without a decision.
func held(t *testing.T, shop *shoptest.Shop) (n int) {
	t.Helper()
	reservations, err := shop.Inventory.Reservations(t.Context())
	require.NoError(t, err)
	for _, r := range reservations {
		if r.State == inventory.Held {
			n++
		}
	}
	return n
}
