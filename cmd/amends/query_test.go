package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/transcript"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/query/store/generations"
)

// An operator makes the read model anew, compares it, and removes the one before.
func TestQuery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var env []string
	for _, part := range environment(dir, "127.0.0.1:1") {
		env = append(env, part...)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := once(t, env, args...)
		require.NoError(t, err)
		return out
	}
	refused := func(args ...string) (out, why string) {
		t.Helper()
		out, err := once(t, env, args...)
		require.Error(t, err)
		return out, err.Error()
	}
	run("migrate", "order", "catalog", "inventory", "payment", "shipping", "query")
	run("catalog", "import", "testdata/mug.json")
	run("stock", "receive", "MUG-STONEWARE", "10", "--warehouse", "BER", "--new")
	model := generations.New(dbtest.Open(t, "sqlite:"+filepath.Join(dir, "query.db"), database.Options{}))
	states := func(want map[string]int64) {
		t.Helper()
		have, err := model.States(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, have)
	}
	const same = "the read model has what the rows of the services imply\n"

	require.Equal(t, "generation 1 of the read model answers from now on\n", run("query", "rebuild"))
	require.Equal(t, same, run("query", "rebuild", "--verify"))

	// Its facts have not reached the read model.
	const id = "0745e5c6-e86f-813c-8fbf-1c5dad8202d4"
	orders := orderstore.New(dbtest.Open(t, "sqlite:"+filepath.Join(dir, "order.db"), database.Options{}))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, err := orders.Create(t.Context(), key.New(id, "order.create"), order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG-STONEWARE", Quantity: 1}},
		ShipTo: order.Address{Name: "A"}, Fingerprint: "f", Nonce: "n", PlacedAt: at, DecideBy: at.Add(time.Hour),
	})
	require.NoError(t, err)
	run("stock", "receive", "MUG-STONEWARE", "5", "--warehouse", "BER")
	out, why := refused("query", "rebuild", "--verify")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Equal(t, []string{"entry order.placed of " + id, "line MUG-STONEWARE", "order " + id, "product MUG-STONEWARE", "stock MUG-STONEWARE in BER", "time of order.placed of " + id}, lines)
	require.Equal(t, "the read model differs from the rows of the services in 6 places: `amends query rebuild` makes it anew", why)
	states(map[string]int64{"current": 1})
	said := &transcript.Text{}
	process := amends(t, said, "query", "rebuild", "--verify")
	process.Env = append(process.Env, env...)
	var exit *exec.ExitError
	require.ErrorAs(t, process.Run(), &exit)
	require.Equal(t, 1, exit.ExitCode(), said)

	require.Contains(t, run("query", "rebuild"), "generation 2 ")
	states(map[string]int64{"current": 2, "old": 1})
	for _, args := range [][]string{{"query", "rebuild"}, {"query", "rebuild", "--verify"}} {
		_, why = refused(args...)
		require.Equal(t, "OLD_GENERATION: generation 1 is still kept: drop it first", why)
	}
	require.Empty(t, run("query", "drop"))
	states(map[string]int64{"current": 2})
	require.Equal(t, same, run("query", "rebuild", "--verify"))

	// A rebuild that was interrupted goes on, or is given up.
	_, err = model.Begin(t.Context())
	require.NoError(t, err)
	run("query", "drop")
	states(map[string]int64{"current": 2, "loading": 3})
	require.Contains(t, run("query", "rebuild"), "generation 3 ")
	run("query", "drop")
	_, err = model.Begin(t.Context())
	require.NoError(t, err)
	run("query", "drop", "--unfinished")
	states(map[string]int64{"current": 3})

	// Every owner must be there: rows that it does not tell would be removed.
	env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "AMENDS_SERVICES_SHIPPING_DSN") })
	env = append(env, "AMENDS_DATA_DIR="+dir+"/none")
	_, why = refused("query", "rebuild")
	require.Contains(t, why, "services.shipping.dsn: must be set")
	states(map[string]int64{"current": 3})
}
