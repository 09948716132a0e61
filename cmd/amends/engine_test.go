package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/proof/enginetest"
)

func TestDevOnAnEngineThatIsThere(t *testing.T) {
	t.Parallel()
	there := enginetest.Start(t, temporal.Options{})
	dir := t.TempDir()
	args := []string{
		"dev", "--data-dir", dir, "--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0",
		"--temporal-address", there.Address, "--temporal-namespace", "shop", "--temporal-bin", "/nowhere/temporal",
	}
	environ := []string{"TEMPORAL_ADDRESS=another.engine:7233", "HOME=" + dir}
	begin := func() (*process, string) {
		p := start(t, environ, args...)
		m := says(t, p, p.out, `(?s)API +(\S+).*Engine +(\S+), namespace shop\n.*Metrics .*stays in`)
		require.Equal(t, there.Address, m[2])
		require.NotContains(t, p.out.String(), "Sagas", "its Web UI is unknown")
		return p, m[1]
	}
	p, api := begin()
	order := place(t, api, "k", "tok_visa", true)
	require.Equal(t, "CONFIRMED", order["status"], "%v", order)
	require.NoFileExists(t, dir+"/temporal.db", "no engine of its own")

	// A second platform on the engine would take steps of the first one's orders.
	other := t.TempDir()
	_, err := once(t, environ, append(slices.Clone(args), "--data-dir", other)...)
	require.ErrorContains(t, err, `QUEUE_NOT_OURS: task queue "amends-order" of namespace "shop" is served from database `)
	require.ErrorContains(t, err, "of order in the installation "+installed(t, dir)+", and this is database ")
	require.ErrorContains(t, err, "of order in the installation "+installed(t, other)+". ")
	require.Equal(t, "CONFIRMED", place(t, api, "k2", "tok_visa", true)["status"])

	// The platform does not stop the engine, which keeps the order.
	require.NoError(t, p.end(t))
	require.Empty(t, p.err.String())
	client, err := engine.Dial(engine.Options{Address: there.Address, Namespace: "shop", Isolated: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, namespace.Ready(t.Context(), client, attribute.All))
	_, api = begin()
	_, again := call(t, http.MethodGet, api+"/v1/orders/"+text(t, order["id"]), "", nil)
	require.Equal(t, "CONFIRMED", again["status"])
}

// installed returns the installation of a data folder.
func installed(t *testing.T, dir string) string {
	t.Helper()
	name, err := os.ReadFile(filepath.Join(dir, "installation"))
	require.NoError(t, err)
	return strings.TrimSpace(string(name))
}

// The containers register by a script the namespace and the search attributes that
// `amends temporal-postgres` and `amends migrate temporal` register.
func TestRegistersWhatTheContainersDo(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../deploy/temporal/namespace.sh")
	require.NoError(t, err)
	require.Contains(t, string(script), "--retention "+strings.TrimSuffix(namespace.Retention.String(), "0m0s")+"\n")
	_, list, ok := strings.Cut(string(script), "<<LIST\n")
	require.True(t, ok)
	var registered []string
	for _, a := range attribute.All {
		registered = append(registered, strings.ReplaceAll(a.String(), "=", " "))
	}
	require.Equal(t, strings.Split(strings.TrimSuffix(list, "\nLIST\n"), "\n"), registered)
}
