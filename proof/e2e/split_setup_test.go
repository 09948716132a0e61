package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/shoptest"
)

// split is the platform as processes of its own, on an engine of its own.
type split struct {
	*shoptest.Shop
	shopper

	engine string // address
	home   string
	state  string // folder of the engine's
	dsns   shoptest.DSNs
	own    map[string][]string // configuration of one part only
	admin  map[string]string   // part -> base of its admin address
	parts  map[string]*process // the running ones
}

// parts of a split platform are its services and the API.
var parts = append([]string{"api"}, services...)

// newSplit configures a platform on databases that are migrated and stocked;
// nothing runs yet, not even the engine.
func newSplit(t *testing.T, dsns shoptest.DSNs) *split {
	t.Helper()
	s := &split{
		engine: freeAddress(t), home: t.TempDir(), state: t.TempDir(), dsns: dsns,
		admin: map[string]string{}, parts: map[string]*process{},
	}
	public := freeAddress(t)
	s.shopper = shopper{"http://" + public}
	s.own = map[string][]string{
		"api":       {"AMENDS_HTTP_ADDR=" + public, "AMENDS_PLACEMENT_TIMEOUT=2s"},
		"order":     {"AMENDS_SERVICES_ORDER_DSN=" + dsns.Order},
		"catalog":   {"AMENDS_SERVICES_CATALOG_DSN=" + dsns.Catalog},
		"inventory": {"AMENDS_SERVICES_INVENTORY_DSN=" + dsns.Inventory},
		"payment":   {"AMENDS_SERVICES_PAYMENT_DSN=" + dsns.Payment, "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN=" + dsns.Provider},
		"shipping":  {"AMENDS_SERVICES_SHIPPING_DSN=" + dsns.Shipping, "AMENDS_SERVICES_SHIPPING_CARRIER_DSN=" + dsns.Carrier},
	}
	var everything []string
	for _, part := range parts {
		everything = append(everything, s.own[part]...)
		address := freeAddress(t)
		s.own[part] = append(s.own[part], "AMENDS_ADMIN_ADDR="+address)
		s.admin[part] = "http://" + address
	}
	run(t, s.environ(everything...), append([]string{"migrate"}, services...)...)
	s.Shop = shoptest.Open(t, dsns, false)
	s.Seed(t)
	return s
}

// onFiles are SQLite files, one for each service.
func onFiles(t *testing.T) shoptest.DSNs {
	t.Helper()
	return devDSNs(t.TempDir())
}

// newRunningSplit runs all of a platform.
func newRunningSplit(t *testing.T, dsns shoptest.DSNs) *split {
	t.Helper()
	s := newSplit(t, dsns)
	s.startEngine(t)
	require.Contains(t, run(t, s.environ(), "migrate", "temporal"), "namespace default")
	for _, part := range parts {
		s.start(t, part)
	}
	s.ready(t)
	return s
}

// environ is the environment of every process, and more.
func (s *split) environ(more ...string) []string {
	return append([]string{"HOME=" + s.home, "AMENDS_TEMPORAL_ADDRESS=" + s.engine, "AMENDS_LOG_LEVEL=warn", "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=" + guestSecret}, more...)
}

// start starts a part.
func (s *split) start(t *testing.T, part string) {
	t.Helper()
	args := []string{"worker", part}
	if part == "api" {
		args = []string{"api"}
	}
	s.parts[part] = launch(t, s.environ(s.own[part]...), args...)
}

// drain asks a part to end and waits until it has, with exit code 0.
func (s *split) drain(t *testing.T, part string) {
	t.Helper()
	s.parts[part].drain(t, syscall.SIGTERM)
}

// ready waits until every part is ready.
func (s *split) ready(t *testing.T) {
	t.Helper()
	for _, part := range parts {
		ready(t, s.admin[part])
	}
}

// startEngine starts the Temporal dev server, on the state that it has.
func (s *split) startEngine(t *testing.T) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.engine)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	running, err := temporal.Start(t.Context(), temporal.Options{Bin: temporalBin, Dir: s.state, Port: number})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, running.Stop()) })
}

// killEngine ends the Temporal dev server as a power cut does.
func (s *split) killEngine(t *testing.T) {
	t.Helper()
	note, err := os.ReadFile(filepath.Join(s.state, "temporal.pid"))
	require.NoError(t, err)
	number, _, _ := strings.Cut(string(note), " ")
	pid, err := strconv.Atoi(number)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, "the engine is gone", func() bool { return len(named(t, s.state)) == 0 })
}
