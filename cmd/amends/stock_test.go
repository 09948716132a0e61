package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/inventory"
)

// A person books deliveries and corrections, and reads them again.
func TestStock(t *testing.T) {
	t.Parallel()

	env := []string{"AMENDS_SERVICES_INVENTORY_DSN=sqlite:" + filepath.Join(t.TempDir(), "inventory.db")}
	stock := func(args ...string) string {
		t.Helper()
		out, err := once(t, env, append([]string{"stock"}, args...)...)
		require.NoError(t, err)
		return out
	}
	refused := func(args ...string) string {
		t.Helper()
		_, err := once(t, env, append([]string{"stock"}, args...)...)
		require.Error(t, err)
		return err.Error()
	}
	adjust := func(units string, more ...string) []string {
		return append([]string{"adjust", "--sku", "MUG", "--warehouse", "BER", "--units", units}, more...)
	}
	_, err := once(t, env, "migrate", "inventory")
	require.NoError(t, err)
	require.Contains(t, refused(adjust("1", "--reason", "found one")...), `"MUG" in BER: never received before; nothing was booked`)
	stock("receive", "MUG", "10", "--warehouse", "BER", "--new", "--by", "ada")

	require.Equal(t, "MUG in BER: 7 available, 0 reserved, 0 sold, 7 ever received\n",
		stock(adjust("-3", "--reason", "broken", "--by", "ada", "--reference", "count-1")...))
	require.Equal(t, "reference count-1 was booked before, and is not booked again\nMUG in BER: 7 available, 0 reserved, 0 sold, 7 ever received\n",
		stock(adjust("-3", "--reason", "broken", "--by", "ada", "--reference", "count-1")...))
	require.Contains(t, refused(adjust("-4", "--reason", "broken", "--reference", "count-1")...), "with -3 units; nothing was booked")
	require.Contains(t, refused(adjust("-8", "--reason", "stolen")...), "7 are available")
	require.Contains(t, refused(adjust("-1", "--reason", "\u3164")...), "the reason must have a visible character")
	require.Contains(t, refused(adjust("-1")...), `required flag(s) "reason" not set`)
	require.Contains(t, refused(adjust("1.5", "--reason", "half of one")...), `units "1.5" is not a whole number`)
	require.Contains(t, stock(adjust("+1", "--reason", "found one")...), "8 available", "its author is the user of this machine")

	var entries []inventory.Entry
	require.NoError(t, json.Unmarshal([]byte(stock("journal", "MUG", "--json")), &entries))
	require.Len(t, entries, 3)
	require.Equal(t, []any{int64(-3), "ada", "broken", "count-1"}, []any{entries[1].Units, entries[1].By, entries[1].Reason, entries[1].Reference})
	require.NotEmpty(t, entries[2].By)
	table := stock("journal", "MUG")
	require.Contains(t, table, "delivery")
	require.Contains(t, table, "+10")
	require.Equal(t, "[]\n", stock("journal", "NEVER", "--json"))
}

// The settings of a split platform stand in the environment of a shell in which an
// operator also works on an `amends dev`.
func TestStockIsAskedForWhereTheOperatorSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := "AMENDS_SERVICES_INVENTORY_DSN=sqlite:" + filepath.Join(dir, "inventory.db")
	_, err := once(t, []string{file}, "migrate", "inventory")
	require.NoError(t, err)
	identity := "AMENDS_IDENTITY_SECRETS=operator=0123456789abcdef"
	target := "AMENDS_SERVICES_INVENTORY_TARGET=static:///127.0.0.1:1" // where nothing listens
	broker := "AMENDS_BROKER_URL=nats://127.0.0.1:1"
	for name, c := range map[string]struct {
		env, args []string
		calls     bool
	}{
		"NothingIsConfigured":         {env: []string{"AMENDS_DATA_DIR=" + dir}},
		"AnotherServiceHasATarget":    {env: []string{"AMENDS_DATA_DIR=" + dir, "AMENDS_SERVICES_CATALOG_TARGET=static:///127.0.0.1:1"}},
		"ADSNBesideATarget":           {env: []string{file, target}},
		"AFolderBesideATarget":        {env: []string{target, identity}, args: []string{"--data-dir", dir}},
		"AFolderBesideABroker":        {env: []string{broker, identity}, args: []string{"--data-dir", dir}},
		"ATarget":                     {env: []string{target, identity}, calls: true},
		"ATargetAndAConfiguredFolder": {env: []string{target, identity, "AMENDS_DATA_DIR=" + dir}, calls: true},
		"ABroker":                     {env: []string{broker, identity}, calls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, c.env, append([]string{"stock", "journal", "NEVER", "--json"}, c.args...)...)
			if c.calls {
				require.ErrorContains(t, err, "the service cannot be reached")
				return
			}
			require.NoError(t, err)
			require.Equal(t, "[]\n", out)
		})
	}
	_, err = once(t, []string{target}, "stock", "journal", "NEVER", "--data-dir", dir, "--database-url", "postgres://127.0.0.1:1/x")
	require.ErrorContains(t, err, "passwords.json", "it asks for the databases of the folder")
}
